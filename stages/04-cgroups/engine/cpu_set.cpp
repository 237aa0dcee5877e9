#include "cpu_set.hpp"

#include <charconv>
#include <string_view>

namespace slipway {
namespace {

constexpr int kMost = 8192;  // what docker takes, and more than any kernel counts

std::optional<int> number(std::string_view text) {
  int value = -1;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole =
      !text.empty() && read.ec == std::errc() && read.ptr == text.data() + text.size();
  if (!whole || value < 0 || value >= kMost) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::set<int>> parse_cpu_set(const std::string& text) {
  std::set<int> found;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find(','));
    const std::size_t dash = part.find('-');
    const auto first = number(part.substr(0, dash));
    const auto last = dash == part.npos ? first : number(part.substr(dash + 1));
    if (!first || !last || *last < *first) return std::nullopt;
    for (int n = *first; n <= *last; ++n) found.insert(n);
    if (part.size() == rest.size()) return found;
    rest.remove_prefix(part.size() + 1);
    if (rest.empty()) return std::nullopt;  // "0,"
  }
  return found;
}

}  // namespace slipway
