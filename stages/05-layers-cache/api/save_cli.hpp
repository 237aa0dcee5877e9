#pragma once
/// \file
/// `save`: images into a tar archive.

#include "01-cli-socket/command.hpp"

namespace slipway {

/// save, also as `image save`.
std::unique_ptr<Command> make_save_command();

}  // namespace slipway
