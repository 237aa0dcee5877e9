#pragma once
/// \file
/// `history`: the steps that made an image, as docker prints them.

#include "01-cli-socket/command.hpp"

namespace slipway {

/// history, also as `image history`.
std::unique_ptr<Command> make_history_command();

}  // namespace slipway
