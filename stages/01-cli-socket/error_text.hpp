#pragma once
/// \file
/// What a command says of a failure.

#include <exception>
#include <string>

namespace slipway {

/// "slipway: MESSAGE\n", and below it, indented, the advice that an ApiError brings.
std::string error_text(const std::exception& error);

}  // namespace slipway
