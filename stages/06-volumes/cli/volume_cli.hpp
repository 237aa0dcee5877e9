#pragma once
/// \file
/// The commands for volumes: docker's names, flags, output and exit codes.

#include "01-cli-socket/command.hpp"

namespace slipway {

/// volume create, ls, inspect, rm, prune.
Commands volume_commands();

}  // namespace slipway
