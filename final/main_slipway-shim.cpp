/// \file
/// slipway-shim, whole: every launch step there is, in order.

#include "02-daemon/launch/process_steps.hpp"
#include "02-daemon/shim_app.hpp"
#include "03-namespaces/namespace_steps.hpp"

int main(int argc, char** argv) {
  auto steps = slipway::namespace_steps(slipway::process_steps());  // 03 around 02
  return slipway::run_shim(argc, argv, std::move(steps), [] {
    return slipway::join_container_steps(slipway::process_steps());  // 03 around 02
  });
}
