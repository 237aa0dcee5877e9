#pragma once
/// \file
/// `slipway info`, in the layout of `docker info`.

#include <memory>

#include "command.hpp"

namespace slipway {

std::unique_ptr<Command> make_info_command();

}  // namespace slipway
