#pragma once
/// \file
/// Tables as docker prints them: a line of titles, columns three spaces apart, as wide as their widest entry.

#include <string>
#include <vector>

namespace slipway {

/// \param rows  the first row holds the titles; rows may differ in length
/// \returns the lines; no spaces at their ends
std::string text_table(const std::vector<std::vector<std::string>>& rows);

/// At most `limit` characters, the last of them "…" if something was cut off; UTF-8 stays whole.
std::string shortened(const std::string& text, std::size_t limit);

}  // namespace slipway
