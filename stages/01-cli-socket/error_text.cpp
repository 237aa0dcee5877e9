#include "error_text.hpp"

#include <algorithm>
#include <string_view>

#include "api_error.hpp"

namespace slipway {

std::string error_text(const std::exception& error) {
  std::string text = "slipway: " + std::string(error.what()) + "\n";
  const auto* answer = dynamic_cast<const ApiError*>(&error);
  std::string_view rest = answer ? std::string_view(answer->advice()) : std::string_view();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    text.append("  ").append(rest.substr(0, end)).append("\n");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return text;
}

}  // namespace slipway
