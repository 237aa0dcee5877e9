#include "go_template.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "go_value.hpp"

namespace slipway {

using nlohmann::json;
using Words = std::vector<std::string>;
using Variables = std::map<std::string, json>;

namespace {

/// A piece of a template: text between actions, or what stands in `{{ }}`.
struct Piece {
  bool action = false;
  std::string text;
  Words words{};
};

/// "\t" and "\n" as people type them in single quotes.
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == 't' || next == 'n') {
      out += next == 't' ? '\t' : '\n';
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// The end of the quoted word that begins at `begin`.
std::size_t end_of_quotes(const std::string& text, std::size_t begin) {
  for (std::size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] == '\\' && text[begin] == '"') {
      ++i;
    } else if (text[i] == text[begin]) {
      return i + 1;
    }
  }
  throw template_error("unterminated quote in {{" + text + "}}");
}

/// The words of an action; quotes keep theirs, and '(', ')', '|', ',' and ':=' are words.
Words words_of(const std::string& text) {
  Words words;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    if (std::isspace(static_cast<unsigned char>(text[i]))) {
      ++i;
      continue;
    }
    if (text[i] == '"' || text[i] == '`') {
      end = end_of_quotes(text, i);
    } else if (text.compare(i, 2, ":=") == 0) {
      end = i + 2;
    } else if (std::string_view("()|,=").find(text[i]) == std::string_view::npos) {
      end = std::min(text.find_first_of(" \t\n()|,\"`:=", i), text.size());
      if (end == i) end = i + 1;
    }
    words.push_back(text.substr(i, end - i));
    i = end;
  }
  return words;
}

std::string without_spaces(std::string text, bool front, bool back) {
  constexpr char kSpaces[] = " \t\r\n";
  if (front) text.erase(0, std::min(text.find_first_not_of(kSpaces), text.size()));
  if (back) text.erase(text.find_last_not_of(kSpaces) + 1);
  return text;
}

/// `{{-` and `-}}` take the spaces beside them away.
std::vector<Piece> pieces_of(const std::string& text) {
  std::vector<Piece> pieces;
  bool trim_front = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = std::min(text.find("{{", at), text.size());
    const bool trim_back = text.compare(open, 4, "{{- ") == 0;
    pieces.push_back(
        {false, without_spaces(unescaped(text.substr(at, open - at)), trim_front, trim_back)});
    if (open == text.size()) break;
    const std::size_t close = text.find("}}", open);
    if (close == std::string::npos) throw template_error("unclosed action: {{ without }}");
    std::string action = text.substr(open + 2, close - open - 2);
    trim_front = action.ends_with(" -");
    if (trim_front) action.resize(action.size() - 2);
    if (trim_back) action.erase(0, 2);
    if (!action.starts_with("/*")) pieces.push_back({true, action, words_of(action)});
    at = close + 2;
  }
  return pieces;
}

/// Evaluates the words of one pipeline.
class Evaluator {
 public:
  Evaluator(const Words& words, const json& dot, const Variables& variables)
      : words_(words), dot_(dot), variables_(variables) {}

  json pipeline(std::size_t from = 0) {
    at_ = from;
    json value = piped();
    if (at_ < words_.size()) throw template_error("unexpected '" + words_[at_] + "'");
    return value;
  }

 private:
  [[nodiscard]] bool ends() const {
    return at_ >= words_.size() || words_[at_] == "|" || words_[at_] == ")";
  }

  json piped() {
    json value = command(std::nullopt);
    while (at_ < words_.size() && words_[at_] == "|") {
      ++at_;
      value = command(std::move(value));
    }
    return value;
  }

  json command(std::optional<json> last) {
    if (ends()) throw template_error("missing value for command");
    const std::string name = words_[at_];
    const bool function = std::isalpha(static_cast<unsigned char>(name[0])) && !is_constant(name);
    std::optional<json> value;
    if (function) {
      ++at_;
    } else {
      value = operand();
    }
    std::vector<json> arguments;
    while (!ends()) arguments.push_back(operand());
    if (last) arguments.push_back(std::move(*last));
    if (function) return go_call(name, arguments);
    // A field with arguments is docker's `.Label "key"`: a map that is asked for a key.
    for (const json& argument : arguments) value = go_call("index", {*value, argument});
    return arguments.empty() || !value->is_null() ? *value : json("");
  }

  static bool is_constant(const std::string& word) {
    return word == "true" || word == "false" || word == "nil";
  }

  json operand() {
    const std::string word = words_[at_++];
    if (word == "(") {
      json value = piped();
      if (at_ >= words_.size() || words_[at_++] != ")") throw template_error("unclosed left paren");
      return at_ < words_.size() && words_[at_].starts_with('.') && words_[at_].size() > 1
                 ? fields(value, words_[at_++])
                 : value;
    }
    if (word[0] == '"') return json::parse(word);
    if (word[0] == '`') return word.substr(1, word.size() - 2);
    if (word[0] == '.') return fields(dot_, word);
    if (word[0] == '$') return variable(word);
    if (word == "nil") return {};
    const json number = json::parse(word, nullptr, /*allow_exceptions=*/false);
    if (number.is_number() || number.is_boolean()) return number;
    throw template_error("unexpected '" + word + "': fields are written {{.Id}}");
  }

  json variable(const std::string& word) const {
    const std::size_t end = std::min(word.find('.'), word.size());
    const auto found = variables_.find(word.substr(0, end));
    if (found == variables_.end())
      throw template_error("undefined variable: " + word.substr(0, end));
    return fields(found->second, word.substr(end));
  }

  /// ".A.B" of a value.
  static json fields(const json& whole, const std::string& path) {
    json value = whole;
    for (std::size_t at = 1; at < path.size();) {
      const std::size_t end = std::min(path.find('.', at), path.size());
      value = go_child(value, path.substr(at, end - at));
      at = end + 1;
    }
    return value;
  }

  const Words& words_;
  const json& dot_;
  const Variables& variables_;
  std::size_t at_ = 0;
};

/// Runs the pieces. A block that is not to be shown is walked through all the same, to find its end.
class Filler {
 public:
  Filler(const std::vector<Piece>& pieces, const json& document) : pieces_(pieces) {
    variables_["$"] = document;
    const std::string stop = block(document, true);
    if (!stop.empty()) throw template_error("unexpected {{" + stop + "}}");
  }
  [[nodiscard]] const std::string& out() const { return out_; }

 private:
  /// Up to the end of the pieces, or to an "end" or "else", which it returns.
  std::string block(const json& dot, bool shown) {
    while (at_ < pieces_.size()) {
      const Piece& piece = pieces_[at_++];
      if (!piece.action) {
        if (shown) out_ += piece.text;
        continue;
      }
      if (piece.words.empty()) throw template_error("empty action {{}}");
      const std::string& word = piece.words[0];
      if (word == "end" || word == "else") return word;
      if (word == "if" || word == "with") {
        conditional(piece, dot, shown);
      } else if (word == "range") {
        range(piece, dot, shown);
      } else if (shown) {
        action(piece.words, dot);
      }
    }
    return "";
  }

  void action(const Words& words, const json& dot) {
    const bool assigns =
        words.size() > 2 && words[0][0] == '$' && (words[1] == ":=" || words[1] == "=");
    json value = Evaluator(words, dot, variables_).pipeline(assigns ? 2 : 0);
    if (assigns) {
      variables_[words[0]] = std::move(value);
    } else {
      out_ += go_text(value);
    }
  }

  void conditional(const Piece& piece, const json& dot, bool shown) {
    const json value = shown ? Evaluator(piece.words, dot, variables_).pipeline(1) : json();
    bool taken = go_truth(value);
    std::string stop = block(piece.words[0] == "with" ? value : dot, shown && taken);
    while (stop == "else") {
      const Piece& other = pieces_[at_ - 1];
      bool now = shown && !taken;
      if (now && other.words.size() > 1)
        now = go_truth(Evaluator(other.words, dot, variables_).pipeline(2));
      taken = taken || now;
      stop = block(dot, now);
    }
    if (stop != "end") throw template_error("{{" + piece.words[0] + "}} without {{end}}");
  }

  void range(const Piece& piece, const json& dot, bool shown) {
    const auto assign = std::find(piece.words.begin(), piece.words.end(), ":=");
    const bool assigns = assign != piece.words.end();
    const std::size_t from =
        assigns ? static_cast<std::size_t>(assign - piece.words.begin()) + 1 : 1;
    const json list = shown ? Evaluator(piece.words, dot, variables_).pipeline(from) : json();
    Words names;  // $key, $value
    for (auto word = piece.words.begin() + 1; assigns && word != assign; ++word) {
      if (*word != ",") names.push_back(*word);
    }
    const std::size_t begin = at_;
    std::string stop;
    if (list.is_structured()) {
      for (const auto& [key, item] : list.items()) {
        if (names.size() > 1)
          variables_[names[0]] = list.is_array() ? json(std::stoul(key)) : json(key);
        if (!names.empty()) variables_[names.back()] = item;
        at_ = begin;
        stop = block(item, true);
      }
    }
    const bool ran = list.is_structured() && !list.empty();
    if (!ran) stop = block(dot, false);
    if (stop == "else") stop = block(dot, shown && !ran);
    if (stop != "end") throw template_error("{{range}} without {{end}}");
  }

  const std::vector<Piece>& pieces_;
  std::size_t at_ = 0;
  Variables variables_;
  std::string out_;
};

}  // namespace

std::string fill_template(const std::string& text, const json& document) {
  const std::vector<Piece> pieces = pieces_of(text);
  return Filler(pieces, document).out();
}

}  // namespace slipway
