#include "substitution.hpp"

#include <algorithm>

#include "01-cli-socket/api_error.hpp"

namespace slipway {
namespace {

constexpr int kMaxDepth = 64;  // of ${a:-${b:-…}}: a stranger's file must not use up our stack

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) { return is_name_start(c) || is_digit(c); }

/// Does all of `text` match a pattern of "*", "?" and plain bytes? In O(text × pattern) at worst.
bool matches(std::string_view pattern, std::string_view text, char escape) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, retry = 0;
  while (t < text.size()) {
    const bool escaped = p + 1 < pattern.size() && pattern[p] == escape;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size() &&
               (escaped ? pattern[p + 1] == text[t] : pattern[p] == '?' || pattern[p] == text[t])) {
      p += escaped ? 2 : 1;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

/// The value without a beginning (or end) that matches; `longest` says which of several.
std::string trim(std::string_view value, std::string_view pattern, bool end, bool longest,
                 char escape) {
  for (std::size_t i = 0; i <= value.size(); ++i) {
    const std::size_t length = longest ? value.size() - i : i;
    const std::string_view part =
        end ? value.substr(value.size() - length) : value.substr(0, length);
    if (!matches(pattern, part, escape)) continue;
    return std::string(end ? value.substr(0, value.size() - length) : value.substr(length));
  }
  return std::string(value);
}

/// The longest match that begins at `at`; 0 if there is none that is not empty.
std::size_t match_at(std::string_view value, std::size_t at, std::string_view pattern,
                     char escape) {
  for (std::size_t length = value.size() - at; length > 0; --length) {
    if (matches(pattern, value.substr(at, length), escape)) return length;
  }
  return 0;
}

std::string replace(std::string_view value, std::string_view pattern, std::string_view by, bool all,
                    char escape) {
  std::string result;
  bool active = true;
  for (std::size_t at = 0; at < value.size();) {
    const std::size_t length = active ? match_at(value, at, pattern, escape) : 0;
    if (length == 0) {
      result += value[at++];
      continue;
    }
    result.append(by);
    at += length;
    active = all;
  }
  return result;
}

class Expander {
 public:
  Expander(std::string_view text, const Variables& variables, char escape, bool keeps_quotes)
      : text_(text), variables_(variables), escape_(escape), keeps_quotes_(keeps_quotes) {}

  std::string all() { return until(""); }

 private:
  /// Reads on to one of the bytes in `stops`, which is left to the caller.
  std::string until(std::string_view stops) {
    if (++depth_ > kMaxDepth) throw bad_request("variables are nested too deep");
    std::string result;
    while (!done() && stops.find(peek()) == std::string_view::npos) result += next_part(false);
    --depth_;
    return result;
  }

  /// One byte, escape, quoted part or variable.
  std::string next_part(bool quoted) {
    const char c = peek();
    if (c == escape_ && at_ + 1 < text_.size()) return escaped(quoted);
    if (c == '$') return variable();
    if (!quoted && !keeps_quotes_ && c == '\'') return single_quoted();
    if (!quoted && !keeps_quotes_ && c == '"') return double_quoted();
    return {take()};
  }

  /// In "…" and in a heredoc the escape stands for itself, except before what it can be needed for.
  std::string escaped(bool quoted) {
    take();
    const char c = take();
    const bool needed = c == '$' || c == escape_ || (c == '"' && quoted);
    if ((quoted || keeps_quotes_) && !needed) return {escape_, c};
    return {c};
  }

  std::string single_quoted() {
    take();
    const std::size_t end = text_.find('\'', at_);
    if (end == std::string_view::npos) throw unclosed("single-quote");
    std::string result(text_.substr(at_, end - at_));
    at_ = end + 1;
    return result;
  }

  std::string double_quoted() {
    take();
    std::string result;
    while (!done() && peek() != '"') result += next_part(true);
    if (done()) throw unclosed("double-quote");
    take();
    return result;
  }

  std::string variable() {
    take();
    if (done()) return "$";
    if (peek() == '{') return braced();
    const std::string found = name();
    return found.empty() ? "$" : variables_(found).value_or("");
  }

  std::string name() {
    const std::size_t begin = at_;
    if (!done() && !is_name_start(peek())) {  // $1, $@: one byte, as in a shell
      if (is_digit(peek()) || std::string_view("@*#").find(peek()) != std::string_view::npos) ++at_;
    } else {
      while (!done() && is_name(peek())) ++at_;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string braced() {
    take();
    const std::string variable = name();
    if (variable.empty()) throw bad_request("bad substitution: no name in \"" + whole() + "\"");
    const auto value = variables_(variable);
    if (done()) throw bad_request("syntax error: missing '}' in \"" + whole() + "\"");
    std::string result = peek() == '}' ? value.value_or("") : operated(variable, value);
    if (done()) throw bad_request("syntax error: missing '}' in \"" + whole() + "\"");
    take();
    return result;
  }

  /// Stands at the operator; stops at the brace.
  std::string operated(const std::string& variable, const std::optional<std::string>& value) {
    const char op = take();
    if (op == '#' || op == '%') return trimmed(value.value_or(""), op);
    if (op == '/') return replaced(value.value_or(""));
    const bool colon = op == ':';
    if (colon && done()) throw bad_request("syntax error: missing '}' in \"" + whole() + "\"");
    return defaulted(variable, value, colon ? take() : op, colon);
  }

  std::string defaulted(const std::string& variable, const std::optional<std::string>& value,
                        char op, bool colon) {
    if (op != '-' && op != '+' && op != '?') {
      throw bad_request(std::string("unsupported modifier (") + op + ") in substitution");
    }
    const bool set = value && !(colon && value->empty());
    std::string word = until("}");
    if (op == '+') return set ? word : "";
    if (set) return *value;
    if (op == '-') return word;
    if (word.empty()) word = colon ? "not allowed to be empty" : "not allowed to be unset";
    throw bad_request(variable + ": " + word);
  }

  std::string trimmed(const std::string& value, char op) {
    const bool longest = !done() && peek() == op;
    if (longest) take();
    return trim(value, until("}"), op == '%', longest, escape_);
  }

  std::string replaced(const std::string& value) {
    const bool all = !done() && peek() == '/';
    if (all) take();
    const std::string pattern = until("/}");
    if (!done() && peek() == '/') take();
    return replace(value, pattern, until("}"), all, escape_);
  }

  [[nodiscard]] ApiError unclosed(const std::string& what) const {
    return bad_request("unexpected end of statement while looking for matching " + what + " in \"" +
                       whole() + "\"");
  }
  [[nodiscard]] std::string whole() const { return std::string(text_.substr(0, 200)); }
  [[nodiscard]] bool done() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek() const { return text_[at_]; }
  char take() { return text_[at_++]; }

  std::string_view text_;
  const Variables& variables_;
  char escape_;
  bool keeps_quotes_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::string expand(std::string_view word, const Variables& variables, char escape) {
  return Expander(word, variables, escape, false).all();
}

std::string expand_in_text(std::string_view text, const Variables& variables, char escape) {
  return Expander(text, variables, escape, true).all();
}

}  // namespace slipway
