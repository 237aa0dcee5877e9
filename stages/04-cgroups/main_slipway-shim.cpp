/// \file
/// slipway-shim of stage 04: the walls of stage 03, and in them no more than was granted.

#include "02-daemon/launch/process_steps.hpp"
#include "02-daemon/shim_app.hpp"
#include "03-namespaces/launch/namespace_steps.hpp"
#include "launch/cgroup_steps.hpp"

int main(int argc, char** argv) {
  using namespace slipway;
  return run_shim(argc, argv, cgroup_steps(namespace_steps(process_steps())),
                  [] { return join_cgroup_steps(join_container_steps(process_steps())); });
}
