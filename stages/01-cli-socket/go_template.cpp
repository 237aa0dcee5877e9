#include "go_template.hpp"

#include <cctype>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "http_message.hpp"

namespace slipway {

using nlohmann::json;

namespace {

std::runtime_error template_error(const std::string& why) {
  return std::runtime_error("template: " + why);
}

//@region go_text
/// A value as Go's fmt prints it with %v.
std::string go_text(const json& value) {
  if (value.is_null()) return "<no value>";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_structured()) return value.dump();
  std::string items;
  for (const auto& [key, item] : value.items()) {
    if (!items.empty()) items += ' ';
    items += (value.is_object() ? key + ":" : "") + go_text(item);
  }
  return (value.is_object() ? "map[" : "[") + items + "]";
}
//@endregion

/// The words of an action, split at spaces; a "quoted word" keeps its quotes' content.
std::vector<std::string> words_of(const std::string& action) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  bool empty_word = false;  // "" is a word, too
  for (const char c : action + " ") {
    if (c == '"') {
      quoted = !quoted;
      empty_word = true;
    } else if (quoted || !std::isspace(static_cast<unsigned char>(c))) {
      word += c;
    } else if (!word.empty() || std::exchange(empty_word, false)) {
      words.push_back(std::exchange(word, {}));
      empty_word = false;
    }
  }
  if (quoted) throw template_error("unterminated quote in {{" + action + "}}");
  return words;
}

/// One step down: a key of an object, or a position in an array; null if it is not there.
json child(const json& value, const std::string& key) {
  if (value.is_object()) {
    const auto found = value.find(key);
    return found == value.end() ? json() : *found;
  }
  const bool number =
      !key.empty() && key.size() < 9 && key.find_first_not_of("0123456789") == std::string::npos;
  if (!value.is_array() || !number) return {};
  const std::size_t at = std::stoul(key);
  if (at >= value.size()) throw template_error("index " + key + " is out of range");
  return value[at];
}

/// ".A.B" in the document.
json field(const json& document, const std::string& path) {
  if (!path.starts_with('.'))
    throw template_error("expected a field such as .Id, not '" + path + "'");
  json value = document;
  for (std::size_t at = 1; at < path.size();) {
    const std::size_t end = std::min(path.find('.', at), path.size());
    value = child(value, path.substr(at, end - at));
    at = end + 1;
  }
  return value;
}

json call(const std::vector<std::string>& words, const json& document) {
  const json value = field(document, words.at(1));
  if (words[0] == "json" && words.size() == 2) return dump_json(value);
  if (words[0] == "len" && words.size() == 2) {
    return value.is_string() ? value.get_ref<const std::string&>().size() : value.size();
  }
  if (words[0] != "index")
    throw template_error("function \"" + words[0] +
                         "\" is not supported; only json, len, index are");
  json found = value;
  for (std::size_t i = 2; i < words.size(); ++i) found = child(found, words[i]);
  return found;
}

std::string evaluate(const std::string& action, const json& document) {
  const std::vector<std::string> words = words_of(action);
  if (words.empty()) throw template_error("empty action {{}}");
  if (words.size() == 1 && words[0].starts_with('.')) return go_text(field(document, words[0]));
  if (words.size() == 1)
    throw template_error("'" + words[0] + "' is not supported; use fields such as {{.Id}}");
  return go_text(call(words, document));
}

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

}  // namespace

std::string fill_template(const std::string& text, const json& document) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find("{{", at);
    out += unescaped(text.substr(at, open == std::string::npos ? open : open - at));
    if (open == std::string::npos) break;
    const std::size_t close = text.find("}}", open);
    if (close == std::string::npos) throw template_error("unclosed action: {{ without }}");
    out += evaluate(text.substr(open + 2, close - open - 2), document);
    at = close + 2;
  }
  return out;
}

}  // namespace slipway
