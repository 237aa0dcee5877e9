#include "text_table.hpp"

#include <algorithm>

namespace slipway {
namespace {

/// Docker's tables: columns are at least ten wide, three spaces apart at least.
constexpr std::size_t kGap = 3;
constexpr std::size_t kNarrowest = 10;

/// Characters on the screen: bytes without UTF-8's continuation bytes.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string text_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::size_t width = std::max(widths[i] + kGap, kNarrowest);
      line += row[i] + std::string(width - width_of(row[i]), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string shortened(const std::string& text, std::size_t limit) {
  std::size_t characters = 0;
  std::size_t cut = text.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (++characters == limit) cut = i;
  }
  return characters <= limit ? text : text.substr(0, cut) + "…";
}

}  // namespace slipway
