#pragma once
/// \file
/// Signals by name and number.

#include <string>

namespace slipway {

/// "SIGTERM", "TERM", "term" or "15" as a number; also "RTMIN+3", "RTMAX-1".
/// \throws ApiError 400 `Invalid signal: X`
int parse_signal(const std::string& text);
/// The reverse: "SIGTERM"; "signal 35" for one without a name.
std::string signal_name(int number);

}  // namespace slipway
