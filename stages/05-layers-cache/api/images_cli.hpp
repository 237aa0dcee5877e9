#pragma once
/// \file
/// The commands for images: docker's names, flags, output and exit codes.

#include "01-cli-socket/command.hpp"

namespace slipway {

/// images, load, save, rmi, tag, history, image inspect, each also as `image ls`, `image load`, `image rm`, `image tag`.
Commands image_commands();

}  // namespace slipway
