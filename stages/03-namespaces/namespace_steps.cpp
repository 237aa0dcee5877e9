#include "namespace_steps.hpp"

#include <iterator>

#include "isolation_step.hpp"

namespace slipway {

LaunchSteps namespace_steps(LaunchSteps process) {
  const auto root = std::make_shared<RootDir>();
  LaunchSteps steps;
  steps.push_back(make_namespaces_step());
  steps.push_back(make_loopback_step());
  steps.push_back(make_hostname_step());
  steps.push_back(make_sysctls_step());
  steps.push_back(make_limits_step());
  // The host's tree is still "/": the container's is built beside it, through RootDir.
  steps.push_back(make_rootfs_step(root));
  steps.push_back(make_mounts_step(root));
  steps.push_back(make_devices_step(root));
  steps.push_back(make_masks_step(root));
  steps.push_back(make_working_folder_step(root));
  steps.push_back(make_pivot_step(root));
  // The container's root is "/" from here on.
  std::move(process.begin(), process.end(), std::back_inserter(steps));
  // Before "program", which is looked for with the user's rights.
  steps.insert(steps.end() - (process.empty() ? 0 : 1), make_user_step());
  return steps;
}

}  // namespace slipway
