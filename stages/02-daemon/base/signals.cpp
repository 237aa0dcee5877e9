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

/// "RTMIN+3" counts up from the first real-time signal, "RTMAX-1" down from the last, signal(7).
std::optional<int> real_time(std::string_view name) {
  const bool up = name.starts_with("RTMIN");
  if (!up && !name.starts_with("RTMAX")) return std::nullopt;
  const std::string_view rest = name.substr(5);
  if (rest.empty()) return up ? SIGRTMIN : SIGRTMAX;
  const auto offset = number_of(rest.substr(1));
  if (rest.front() != (up ? '+' : '-') || !offset || *offset < 0 || *offset > SIGRTMAX - SIGRTMIN) {
    return std::nullopt;
  }
  return up ? SIGRTMIN + *offset : SIGRTMAX - *offset;
}

/// sigabbrev_np(3) knows one name of each signal; a few have two.
std::optional<int> by_name(const std::string& name) {
  if (name == "IOT") return SIGABRT;
  if (name == "CLD") return SIGCHLD;
  if (name == "IO") return SIGIO;
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* known = ::sigabbrev_np(signal);
    if (known && name == known) return signal;
  }
  return real_time(name);
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

std::string signal_name(int number) {
  const char* known = ::sigabbrev_np(number);
  return known ? std::string("SIG") + known : "signal " + std::to_string(number);
}

}  // namespace slipway
