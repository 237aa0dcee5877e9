#include "figures.hpp"

#include <charconv>
#include <sstream>

#include "settings.hpp"

namespace slipway {
namespace {

/// Version 1 has no word for "no limit": it is the largest number of whole pages.
constexpr std::uint64_t kNoLimit = 1ULL << 62;

}  // namespace

std::map<std::string, std::uint64_t> flat_keyed(const std::string& text) {
  std::map<std::string, std::uint64_t> values;
  std::istringstream lines(text);
  std::string name;
  for (std::uint64_t value = 0; lines >> name >> value;) values[name] = value;
  return values;
}

std::optional<std::uint64_t> limit_in(const std::string& path) {
  const std::string text = read_setting(path);
  std::uint64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || value >= kNoLimit) return std::nullopt;
  return value;
}

std::uint64_t number_in(const std::string& path) { return limit_in(path).value_or(0); }

}  // namespace slipway
