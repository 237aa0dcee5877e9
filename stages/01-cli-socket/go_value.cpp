#include "go_value.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <functional>
#include <map>

#include "http_message.hpp"

namespace slipway {

using nlohmann::json;
using Arguments = std::vector<json>;

namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

/// What docker keeps in a struct has fields that begin with capitals, all of them; a map of labels has not.
bool is_struct(const json& object) {
  return !object.empty() && std::ranges::all_of(object.items(), [](const auto& entry) {
    return !entry.key().empty() && is_upper(entry.key()[0]);
  });
}

bool is_position(const std::string& key) {
  return !key.empty() && key.size() < 9 && key.find_first_not_of("0123456789") == std::string::npos;
}

json element(const json& array, const std::string& key) {
  const std::size_t at = std::stoul(key);
  if (at >= array.size()) throw template_error("index " + key + " is out of range");
  return array[at];
}

const json& at(const Arguments& arguments, std::size_t number) {
  if (number < arguments.size()) return arguments[number];
  throw template_error("not enough arguments: there are " + std::to_string(arguments.size()));
}

std::string text_at(const Arguments& arguments, std::size_t number) {
  return go_text(at(arguments, number));
}

std::string changed(std::string text, int (*change)(int)) {
  for (char& c : text) c = static_cast<char>(change(static_cast<unsigned char>(c)));
  return text;
}

std::string titled(std::string text) {
  bool begins = true;
  for (char& c : text) {
    if (begins) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    begins = std::isspace(static_cast<unsigned char>(c)) != 0;
  }
  return text;
}

json split(const std::string& text, const std::string& separator) {
  json parts = json::array();
  std::size_t begin = 0;
  while (!separator.empty()) {
    const std::size_t end = text.find(separator, begin);
    if (end == std::string::npos) break;
    parts.push_back(text.substr(begin, end - begin));
    begin = end + separator.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::string joined(const json& list, const std::string& separator) {
  std::string text;
  for (auto item = list.begin(); item != list.end(); ++item)
    text += (item == list.begin() ? "" : separator) + go_text(*item);
  return text;
}

json length(const json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().size();
  return value.size();
}

json indexed(const Arguments& arguments) {
  json value = at(arguments, 0);
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string key = text_at(arguments, i);
    if (!value.is_object()) {
      value = go_child(value, key);
      continue;
    }
    const auto found = value.find(key);
    const bool texts = !value.empty() && value.begin()->is_string();
    value = found != value.end() ? json(*found) : texts ? json("") : json();
  }
  return value;
}

json sliced(const Arguments& arguments) {
  const json& value = at(arguments, 0);
  const std::size_t size = length(value);
  const auto bound = [&](std::size_t number, std::size_t fallback) {
    if (number >= arguments.size()) return fallback;
    const auto given = arguments[number].get<std::size_t>();
    if (given > size) throw template_error("slice: index out of range: " + std::to_string(given));
    return given;
  };
  const std::size_t from = bound(1, 0);
  const std::size_t to = std::max(from, bound(2, size));
  if (value.is_string()) return value.get<std::string>().substr(from, to - from);
  json part = json::array();
  for (std::size_t i = from; i < to; ++i) part.push_back(value.at(i));
  return part;
}

/// One verb of printf with what stands before it ("%-10s").
std::string formatted(std::string verb, const json& value) {
  char buffer[256];
  const char kind = verb.back();
  if (kind == 'q') return dump_json(go_text(value));
  if (kind == 'd' && value.is_number_integer()) {
    verb.insert(verb.size() - 1, "l");
    std::snprintf(buffer, sizeof buffer, verb.c_str(), value.get<long>());
    return buffer;
  }
  if ((kind == 'f' || kind == 'g') && value.is_number()) {
    std::snprintf(buffer, sizeof buffer, verb.c_str(), value.get<double>());
    return buffer;
  }
  const std::string text = go_text(value);
  verb.back() = 's';
  const int size = std::snprintf(nullptr, 0, verb.c_str(), text.c_str());
  std::string out(static_cast<std::size_t>(std::max(size, 0)) + 1, '\0');
  std::snprintf(out.data(), out.size(), verb.c_str(), text.c_str());
  out.pop_back();
  return out;
}

std::string printed(const Arguments& arguments) {
  const std::string format = text_at(arguments, 0);
  std::string out;
  std::size_t next = 1;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    const std::size_t end = format.find_first_not_of("-+ 0123456789.", i + 1);
    if (end == std::string::npos || end - i > 20) throw template_error("printf: bad format");
    const std::string verb = format.substr(i, end - i + 1);
    if (std::string_view("sdvqfgxt%").find(verb.back()) == std::string_view::npos)
      throw template_error("printf: unknown verb " + verb);
    out += verb.back() == '%' ? "%" : formatted(verb, at(arguments, next++));
    i = end;
  }
  return out;
}

/// Negative, 0 or positive. Numbers by value, everything else as text.
int compared(const json& left, const json& right) {
  if (left.is_number() && right.is_number()) return left < right ? -1 : left == right ? 0 : 1;
  if (left == right) return 0;
  return go_text(left) < go_text(right) ? -1 : 1;
}

json equal_to_any(const Arguments& arguments) {
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (compared(at(arguments, 0), arguments[i]) == 0) return true;
  }
  return false;
}

/// The first argument whose truth is `stop`, else the last.
json first_that_is(bool stop, const Arguments& arguments) {
  for (const json& argument : arguments) {
    if (go_truth(argument) == stop) return argument;
  }
  return at(arguments, arguments.size() - 1);
}

std::string spaced(const Arguments& arguments, const char* between) {
  std::string text;
  for (std::size_t i = 0; i < arguments.size(); ++i)
    text += (i > 0 ? between : "") + go_text(arguments[i]);
  return text;
}

using Function = std::function<json(const Arguments&)>;

const std::map<std::string, Function>& functions() {
  using A = Arguments;
  static const std::map<std::string, Function> table = {
      {"json", [](const A& a) { return json(dump_json(at(a, 0))); }},
      {"len", [](const A& a) { return length(at(a, 0)); }},
      {"index", indexed},
      {"slice", sliced},
      {"print", [](const A& a) { return json(spaced(a, "")); }},
      {"println", [](const A& a) { return json(spaced(a, " ") + "\n"); }},
      {"printf", [](const A& a) { return json(printed(a)); }},
      {"upper", [](const A& a) { return json(changed(text_at(a, 0), std::toupper)); }},
      {"lower", [](const A& a) { return json(changed(text_at(a, 0), std::tolower)); }},
      {"title", [](const A& a) { return json(titled(text_at(a, 0))); }},
      {"split", [](const A& a) { return split(text_at(a, 0), text_at(a, 1)); }},
      {"join", [](const A& a) { return json(joined(at(a, 0), text_at(a, 1))); }},
      {"truncate",
       [](const A& a) { return json(text_at(a, 0).substr(0, at(a, 1).get<std::size_t>())); }},
      {"pad",
       [](const A& a) {
         return json(std::string(at(a, 1).get<std::size_t>(), ' ') + text_at(a, 0) +
                     std::string(at(a, 2).get<std::size_t>(), ' '));
       }},
      {"eq", equal_to_any},
      {"ne", [](const A& a) { return json(compared(at(a, 0), at(a, 1)) != 0); }},
      {"lt", [](const A& a) { return json(compared(at(a, 0), at(a, 1)) < 0); }},
      {"le", [](const A& a) { return json(compared(at(a, 0), at(a, 1)) <= 0); }},
      {"gt", [](const A& a) { return json(compared(at(a, 0), at(a, 1)) > 0); }},
      {"ge", [](const A& a) { return json(compared(at(a, 0), at(a, 1)) >= 0); }},
      {"and", [](const A& a) { return first_that_is(false, a); }},
      {"or", [](const A& a) { return first_that_is(true, a); }},
      {"not", [](const A& a) { return json(!go_truth(at(a, 0))); }}};
  return table;
}

}  // namespace

std::runtime_error template_error(const std::string& why) {
  return std::runtime_error("template: " + why);
}

//@region go_text
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

bool go_truth(const json& value) {
  return !(value.is_null() || value == false || value == 0 || value == "" ||
           (value.is_structured() && value.empty()));
}

json go_child(const json& value, const std::string& key) {
  if (value.is_object()) {
    const auto found = value.find(key);
    if (found != value.end()) return *found;
    if (!key.empty() && is_upper(key[0]) && is_struct(value))
      throw template_error("can't evaluate field " + key + ": map has no entry for key \"" + key +
                           "\"");
    return {};
  }
  if (value.is_array() && is_position(key)) return element(value, key);
  return {};
}

json go_call(const std::string& name, const Arguments& arguments) {
  const auto found = functions().find(name);
  if (found == functions().end()) throw template_error("function \"" + name + "\" not defined");
  try {
    return found->second(arguments);
  } catch (const json::exception&) {
    throw template_error("error calling " + name + ": an argument is of the wrong type");
  }
}

}  // namespace slipway
