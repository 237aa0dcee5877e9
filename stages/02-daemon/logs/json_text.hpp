#pragma once
/// \file
/// Text as JSON, and back, for the log's hot path: a container may write faster than a general JSON library reads.

#include <optional>
#include <string>
#include <string_view>

namespace slipway {

/// Appends `text` as a JSON string, quotes included: control characters escaped; '<', '>', '&' and the line separators as
/// \\uXXXX as Go's encoder does; bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// Takes the JSON string, quotes included, that `text` starts with. Nothing if there is none, or if it holds escapes
/// that `append_json_string` does not write (surrogate pairs, "\/"): then a real parser must look.
std::optional<std::string> take_json_string(std::string_view& text);

}  // namespace slipway
