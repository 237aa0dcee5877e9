#pragma once
/// \file
/// What the launch steps of this stage have in common, and how each is made. namespace_steps.cpp
/// puts them in order.

#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "02-daemon/launch/launch_step.hpp"
#include "03-namespaces/base/root_dir.hpp"

namespace slipway {

/// A step of stage 03 with a name.
class IsolationStep : public LaunchStep {
 public:
  explicit IsolationStep(std::string_view name) : name_(name) {}
  [[nodiscard]] std::string_view name() const final { return name_; }
  [[nodiscard]] std::string_view stage() const final { return "03"; }

 private:
  std::string_view name_;
};

/// The container's root, from the step "rootfs" on; lives in the child.
using SharedRoot = std::shared_ptr<RootDir>;
using StepPtr = std::unique_ptr<LaunchStep>;

StepPtr make_namespaces_step();
StepPtr make_loopback_step();
StepPtr make_hostname_step();
StepPtr make_sysctls_step();
StepPtr make_limits_step();
StepPtr make_rootfs_step(SharedRoot root);
StepPtr make_mounts_step(SharedRoot root);
StepPtr make_devices_step(SharedRoot root);
StepPtr make_masks_step(SharedRoot root);
StepPtr make_working_folder_step(SharedRoot root);
StepPtr make_pivot_step(SharedRoot root);
StepPtr make_console_step();
StepPtr make_user_step();
StepPtr make_join_step();

/// Until execve we are a process of the host's program in the container's world. Nobody there may trace it or look through
/// its descriptors in /proc (CVE-2016-9962); execve resets that. Keys have no namespace: a new session keyring keeps the
/// engine's out of reach (keyrings(7)).
void keep_to_ourselves(LaunchContext& context);

/// True if the spec asks for a new namespace of that kind ("network"), as opposed to none or an
/// existing one.
bool makes_namespace(const nlohmann::json& spec, std::string_view kind);
/// True if the container is in another namespace of that kind than the host: a new one, or that of another container.
bool leaves_namespace(const nlohmann::json& spec, std::string_view kind);

}  // namespace slipway
