#pragma once
/// \file
/// The shim's frame: a main lists the launch steps, those of the container and those of an exec, and calls this.

#include "02-daemon/shim/shim_execs.hpp"

namespace slipway {

/// Runs `slipway-shim TASK_FOLDER`: launches the container described there, serves its socket, writes its log and
/// its exit record, ends when all is written. \returns the program's exit code
int run_shim(int argc, char** argv, LaunchSteps steps, ExecSteps exec_steps);

}  // namespace slipway
