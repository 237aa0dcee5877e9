#pragma once
/// \file
/// The commands of this stage.

#include "01-cli-socket/command.hpp"

namespace slipway {

/// All of them: what a main lists.
Commands cgroup_commands();

Commands pause_commands();   ///< pause, unpause (pause_cli.cpp)
Commands update_commands();  ///< update (update_cli.cpp)
Commands stats_commands();   ///< stats (stats_cli.cpp)

}  // namespace slipway
