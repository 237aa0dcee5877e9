#include "unpack_budget.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace slipway {
namespace {

struct Field {
  std::string_view name;
  std::uint64_t UnpackBudget::*member;
};

constexpr std::array<Field, 5> kFields{{{"bytes", &UnpackBudget::bytes},
                                        {"ratio", &UnpackBudget::ratio},
                                        {"slack", &UnpackBudget::slack},
                                        {"ceiling", &UnpackBudget::ceiling},
                                        {"entries", &UnpackBudget::entries}}};

std::uint64_t number(std::string_view text, std::string_view what) {
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
    throw std::runtime_error(std::string(what) + ": \"" + std::string(text) +
                             "\" is no whole number");
  }
  return value;
}

}  // namespace

std::uint64_t UnpackBudget::limit(std::uint64_t compressed) const {
  std::uint64_t scaled = 0;
  if (ratio != 0 && __builtin_mul_overflow(ratio, compressed, &scaled)) scaled = UINT64_MAX;
  if (ratio != 0 && __builtin_add_overflow(scaled, slack, &scaled)) scaled = UINT64_MAX;
  return std::min(ceiling, std::max(bytes, scaled));
}

std::vector<std::string> UnpackBudget::to_arguments() const {
  std::vector<std::string> arguments;
  for (const Field& field : kFields) {
    arguments.push_back(std::string(field.name) + "=" + std::to_string(this->*field.member));
  }
  return arguments;
}

UnpackBudget UnpackBudget::from_arguments(const std::vector<std::string>& arguments) {
  UnpackBudget budget;
  for (const std::string_view argument : arguments) {
    const std::size_t equals = argument.find('=');
    const auto field = std::find_if(kFields.begin(), kFields.end(), [&](const Field& candidate) {
      return candidate.name == argument.substr(0, equals);
    });
    if (field == kFields.end() || equals == std::string_view::npos) {
      throw std::runtime_error("unknown limit \"" + std::string(argument) + "\"");
    }
    budget.*field->member = number(argument.substr(equals + 1), field->name);
  }
  return budget;
}

UnpackBudget UnpackBudget::from_environment() {
  UnpackBudget budget;
  if (const char* text = std::getenv("SLIPWAY_MAX_UNPACKED")) {
    budget.bytes = number(text, "SLIPWAY_MAX_UNPACKED");
    budget.ratio = 0;
  }
  if (const char* text = std::getenv("SLIPWAY_MAX_ENTRIES")) {
    budget.entries = number(text, "SLIPWAY_MAX_ENTRIES");
  }
  return budget;
}

}  // namespace slipway
