/// \file
/// slipway-shim of stage 03: the process of stage 02, inside namespaces and a root of its own.

#include "02-daemon/launch/process_steps.hpp"
#include "02-daemon/shim_app.hpp"
#include "03-namespaces/launch/namespace_steps.hpp"

int main(int argc, char** argv) {
  return slipway::run_shim(argc, argv, slipway::namespace_steps(slipway::process_steps()),
                           [] { return slipway::join_container_steps(slipway::process_steps()); });
}
