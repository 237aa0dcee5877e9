/// \file
/// slipway-shim, whole: every launch step there is, in order.

#include "02-daemon/launch/process_steps.hpp"
#include "02-daemon/shim_app.hpp"
#include "03-namespaces/launch/namespace_steps.hpp"
#include "04-cgroups/launch/cgroup_steps.hpp"

int main(int argc, char** argv) {
  using namespace slipway;
  auto steps = cgroup_steps(namespace_steps(process_steps()));  // 04 before 03 around 02
  return run_shim(argc, argv, std::move(steps), [] {
    return join_cgroup_steps(join_container_steps(process_steps()));  // 04 before 03 around 02
  });
}
