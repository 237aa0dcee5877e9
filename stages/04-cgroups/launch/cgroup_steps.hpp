#pragma once
/// \file
/// The shim's half of this stage: the launch step that puts the container into its cgroup.

#include "02-daemon/launch/launch_step.hpp"

namespace slipway {

/// "cgroup", and then `steps`. First: the cgroup namespace of stage 03 begins where the process is at that moment, and after
/// the root has changed the host's cgroup folder cannot be named any more.
LaunchSteps cgroup_steps(LaunchSteps steps);

/// The same for exec: into the cgroup that is there.
LaunchSteps join_cgroup_steps(LaunchSteps steps);

}  // namespace slipway
