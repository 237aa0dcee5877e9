#pragma once
/// \file
/// An instruction's words, as the Dockerfile's grammar cuts them: at blanks outside of quotes. Quotes and
/// escapes stay in the word; expand() (substitution.hpp) takes them away.

#include <string>
#include <string_view>
#include <vector>

namespace slipway {

struct Word {
  std::string text;
  std::size_t offset = 0;  ///< of its first byte in the text it was cut from
};

/// \param escape  makes the byte after it an ordinary one: \ or `
std::vector<Word> split_words(std::string_view text, char escape);

/// ASCII only, whatever the locale.
std::string lower(std::string_view text);
std::string upper(std::string_view text);

/// The candidate that is a typing mistake or two away from `typed`; empty if none is near.
std::string nearest(std::string_view typed, const std::vector<std::string>& candidates);

}  // namespace slipway
