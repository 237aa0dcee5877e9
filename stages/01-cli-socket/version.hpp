#pragma once
/// \file
/// Slipway's own version: one number for all boxes, which are installed together.

#include <string_view>

namespace slipway {

inline constexpr std::string_view kSlipwayVersion = "0.1.0";

}  // namespace slipway
