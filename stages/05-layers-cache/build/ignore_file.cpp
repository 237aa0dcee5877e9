#include "ignore_file.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "01-cli-socket/api_error.hpp"

namespace slipway {
namespace {

constexpr std::string_view kBlank = " \t\v\f\r\n";

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

ApiError bad_pattern() { return bad_request("syntax error in pattern"); }

/// What stands first in a pattern: something that matches one byte, a star, or two.
struct Token {
  enum Kind { one, star, two_stars } kind = one;
  std::string_view text;  ///< of `one`: "a", "?", "\\a", "[a-c]"
};

std::size_t end_of_class(std::string_view pattern) {
  std::size_t at = 1;
  if (at < pattern.size() && pattern[at] == '^') ++at;
  for (bool empty = true; at < pattern.size(); ++at, empty = false) {
    if (pattern[at] == ']' && !empty) return at + 1;
    if (pattern[at] == ']') break;
    if (pattern[at] == '\\') ++at;
  }
  throw bad_pattern();
}

Token take_token(std::string_view& pattern) {
  std::size_t length = 1;
  Token::Kind kind = Token::one;
  if (pattern.starts_with("**")) {
    kind = Token::two_stars;
    length = std::min(pattern.find_first_not_of('*'), pattern.size());
  } else if (pattern.front() == '*') {
    kind = Token::star;
  } else if (pattern.front() == '[') {
    length = end_of_class(pattern);
  } else if (pattern.front() == '\\') {
    length = 2;
  }
  if (length > pattern.size()) throw bad_pattern();
  const Token token{kind, pattern.substr(0, length)};
  pattern.remove_prefix(length);
  return token;
}

char class_byte(std::string_view& text) {
  if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
  const char c = text.front();
  text.remove_prefix(1);
  return c;
}

/// \param text  "[^a-c]"
bool in_class(std::string_view text, char c) {
  text = text.substr(1, text.size() - 2);
  const bool negated = text.starts_with('^');
  if (negated) text.remove_prefix(1);
  bool found = false;
  while (!text.empty()) {
    const auto low = static_cast<unsigned char>(class_byte(text));
    auto high = low;
    if (text.starts_with('-')) {
      text.remove_prefix(1);
      if (text.empty()) throw bad_pattern();
      high = static_cast<unsigned char>(class_byte(text));
    }
    const auto byte = static_cast<unsigned char>(c);
    found = found || (low <= byte && byte <= high);
  }
  return found != negated;
}

bool matches_one(std::string_view token, char c) {
  switch (token.front()) {
    case '?':
      return c != '/';
    case '\\':
      return c == token[1];
    case '[':
      return c != '/' && in_class(token, c);
    default:
      return c == token.front();
  }
}

/// A pattern in tokens against a path, row by row: which ends of the path are reached after each token. In
/// O(pattern × path) whatever the pattern, as a stranger wrote it.
class Reached {
 public:
  explicit Reached(std::string_view path) : path_(path), at_(path.size() + 1, false) {
    at_[0] = true;
  }

  void one(std::string_view token) {
    for (std::size_t i = path_.size(); i > 0; --i) {
      at_[i] = at_[i - 1] && matches_one(token, path_[i - 1]);
    }
    at_[0] = false;
  }
  /// Any bytes; a star stays within a name.
  void any(bool across_names) {
    for (std::size_t i = 1; i <= path_.size(); ++i) {
      at_[i] = at_[i] || (at_[i - 1] && (across_names || path_[i - 1] != '/'));
    }
  }
  /// "**/": nothing, or names with the slash behind them.
  void any_folders() {
    bool before = false;
    for (std::size_t i = 0; i <= path_.size(); ++i) {
      const bool here = at_[i];
      at_[i] = here || (before && path_[i - 1] == '/');
      before = before || here;
    }
  }
  [[nodiscard]] bool whole() const { return at_[path_.size()]; }

 private:
  std::string_view path_;
  std::vector<bool> at_;
};

void apply(Reached& reached, const Token& token, std::string_view& pattern) {
  if (token.kind == Token::one) return reached.one(token.text);
  if (token.kind == Token::star) return reached.any(false);
  if (!pattern.starts_with('/')) return reached.any(true);
  pattern.remove_prefix(1);
  reached.any_folders();
}

/// The path itself or a folder above it.
bool matches_some_parent(std::string_view pattern, std::string_view path) {
  for (std::size_t end = path.find('/'); end != std::string_view::npos;
       end = path.find('/', end + 1)) {
    if (path_matches(pattern, path.substr(0, end))) return true;
  }
  return path_matches(pattern, path);
}

/// "/a//b/../c/" is "a/c": patterns are cleaned like paths, and always begin at the context's root.
std::string cleaned(std::string_view pattern) {
  std::string text = (std::filesystem::path("/") / pattern).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text.substr(1);
}

/// A line without "!"; nothing for one that says nothing.
std::optional<std::string> pattern_of(std::string_view line, bool& takes_back) {
  line = trimmed(line);
  takes_back = line.starts_with('!');
  if (takes_back) line = trimmed(line.substr(1));
  if (line.empty()) {
    if (takes_back) throw bad_request("illegal exclusion pattern: \"!\"");
    return std::nullopt;
  }
  std::string text = cleaned(line);
  static_cast<void>(path_matches(text, "x"));  // wrong now rather than later
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

}  // namespace

bool path_matches(std::string_view pattern, std::string_view path) {
  Reached reached(path);
  while (!pattern.empty()) {
    const Token token = take_token(pattern);
    apply(reached, token, pattern);
  }
  return reached.whole();
}

IgnoreFile IgnoreFile::parse(std::string_view text) {
  IgnoreFile result;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (unsigned number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with('#')) continue;
    try {
      bool takes_back = false;
      auto pattern = pattern_of(line, takes_back);
      if (!pattern) continue;
      result.patterns_.push_back({std::move(*pattern), takes_back});
      result.has_exceptions_ = result.has_exceptions_ || takes_back;
    } catch (const ApiError& error) {
      throw bad_request(".dockerignore line " + std::to_string(number) + ": " + error.what());
    }
  }
  return result;
}

bool IgnoreFile::excludes(std::string_view path) const {
  bool excluded = false;
  for (const Pattern& pattern : patterns_) {
    // Only a pattern that would change the answer has to be tried.
    if (pattern.takes_back == excluded && matches_some_parent(pattern.text, path)) {
      excluded = !pattern.takes_back;
    }
  }
  return excluded;
}

}  // namespace slipway
