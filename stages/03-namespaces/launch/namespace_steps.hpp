#pragma once
/// \file
/// This stage's launch steps, in their order.

#include "02-daemon/launch/launch_step.hpp"

namespace slipway {

/// The walls, and within them the process: "namespaces", "loopback", "hostname", "sysctls", "limits",
/// "rootfs", "mounts", "devices", "masks", "working folder", "pivot", then all of `process` but the
/// last, "user", and the last of `process`. \param process  stage 02's process_steps(): its last
/// step looks for the program, and must see what the user may see
LaunchSteps namespace_steps(LaunchSteps process);

/// The same walls from outside, for exec: "join", "limits", then `process` and "user" as above.
LaunchSteps join_container_steps(LaunchSteps process);

}  // namespace slipway
