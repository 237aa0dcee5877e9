#include "signals.hpp"

#include <signal.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "01-cli-socket/api_error.hpp"

namespace slipway {
namespace {

std::optional<int> number_of(std::string_view text) {
  int number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

/// sigabbrev_np(3) knows the names; real-time signals are counted from their ends.
std::optional<int> by_name(const std::string& name) {
  if (name == "RTMIN") return SIGRTMIN;
  if (name == "RTMAX") return SIGRTMAX;
  if (name.starts_with("RTMIN+")) {
    const auto offset = number_of(std::string_view(name).substr(6));
    return offset ? std::optional(SIGRTMIN + *offset) : std::nullopt;
  }
  if (name.starts_with("RTMAX-")) {
    const auto offset = number_of(std::string_view(name).substr(6));
    return offset ? std::optional(SIGRTMAX - *offset) : std::nullopt;
  }
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* known = ::sigabbrev_np(signal);
    if (known && name == known) return signal;
  }
  return std::nullopt;
}

}  // namespace

int parse_signal(const std::string& text) {
  std::string name = text;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (name.starts_with("SIG")) name.erase(0, 3);
  auto signal = number_of(name);
  if (!signal) signal = by_name(name);
  if (!signal || *signal < 1 || *signal > SIGRTMAX) throw bad_request("Invalid signal: " + text);
  return *signal;
}

}  // namespace slipway
