#include "words.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace slipway {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// The offset behind the word that begins at `at`.
std::size_t end_of_word(std::string_view text, std::size_t at, char escape) {
  char quote = '\0';
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == escape && quote != '\'' && at + 1 < text.size()) {
      ++at;
    } else if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (is_blank(c)) {
      break;
    }
  }
  return at;
}

/// How many bytes are wrong, missing, too many or swapped with their neighbour (optimal string alignment).
std::size_t mistakes(std::string_view a, std::string_view b) {
  std::vector<std::size_t> older, old, row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    older = std::exchange(old, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = old[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({changed, old[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], older[j - 2] + 1);
    }
  }
  return row.back();
}

std::string mapped(std::string_view text, char from, char to, int by) {
  std::string result(text);
  for (char& c : result) {
    if (c >= from && c <= to) c = static_cast<char>(c + by);
  }
  return result;
}

}  // namespace

std::vector<Word> split_words(std::string_view text, char escape) {
  std::vector<Word> words;
  for (std::size_t at = 0; at < text.size();) {
    if (is_blank(text[at])) {
      ++at;
      continue;
    }
    const std::size_t end = end_of_word(text, at, escape);
    words.push_back({std::string(text.substr(at, end - at)), at});
    at = end;
  }
  return words;
}

std::string lower(std::string_view text) { return mapped(text, 'A', 'Z', 'a' - 'A'); }
std::string upper(std::string_view text) { return mapped(text, 'a', 'z', 'A' - 'a'); }

std::string nearest(std::string_view typed, const std::vector<std::string>& candidates) {
  if (typed.size() > 32) return {};
  std::string best;
  std::size_t distance = typed.size() > 4 ? 3 : 2;  // more mistakes: it is another word
  for (const std::string& candidate : candidates) {
    const std::size_t found = mistakes(typed, candidate);
    if (found < distance && found < candidate.size()) {
      best = candidate;
      distance = found;
    }
  }
  return best;
}

}  // namespace slipway
