#pragma once
/// \file
/// The commands that every slipway has: `version`, `info`, `api`.

#include "command.hpp"

namespace slipway {

Commands system_commands();

}  // namespace slipway
