#include "filters.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/http_message.hpp"

namespace slipway {

using nlohmann::json;

namespace {

std::vector<std::string> values_of(const std::string& name, const json& entry) {
  std::vector<std::string> values;
  if (entry.is_object()) {
    for (const auto& [value, on] : entry.items()) {
      if (on != false) values.push_back(value);
    }
    return values;
  }
  if (!entry.is_array()) throw bad_request("filters." + name + ": expected an array or an object");
  for (const json& value : entry) {
    if (!value.is_string()) throw bad_request("filters." + name + ": expected strings");
    values.push_back(value);
  }
  return values;
}

}  // namespace

Filters::Filters(const std::string& text, const std::vector<std::string_view>& known) {
  if (text.empty()) return;
  const json document = parse_json(text, "filters");
  if (!document.is_object()) throw bad_request("filters: expected an object");
  for (const auto& [name, entry] : document.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw bad_request("invalid filter '" + name + "'");
    }
    values_[name] = values_of(name, entry);
  }
}

std::vector<std::string> Filters::values(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

bool Filters::labels_match(const std::map<std::string, std::string>& labels) const {
  const std::vector<std::string> wanted = values("label");
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const std::string& label) { return has_label(labels, label); });
}

bool has_label(const std::map<std::string, std::string>& labels, const std::string& label) {
  const std::size_t equals = label.find('=');
  const auto found = labels.find(label.substr(0, equals));
  if (found == labels.end()) return false;
  return equals == std::string::npos || found->second == label.substr(equals + 1);
}

namespace {

/// Null if it is no pattern.
std::shared_ptr<const regex_t> compile(const std::string& pattern) {
  auto compiled = std::make_unique<regex_t>();
  if (::regcomp(compiled.get(), pattern.c_str(), REG_EXTENDED | REG_NOSUB) != 0) return nullptr;
  return {compiled.release(), [](const regex_t* done) {
            const std::unique_ptr<regex_t> owned(const_cast<regex_t*>(done));
            ::regfree(owned.get());
          }};
}

}  // namespace

TextPattern::TextPattern(std::string text)
    : text_(std::move(text)),
      plain_(text_.find_first_of("^$.[]()|*+?{}\\") == std::string::npos),
      compiled_(plain_ ? nullptr : compile(text_)) {}

bool TextPattern::matches(const std::string& text) const {
  if (plain_) return text.find(text_) != std::string::npos;
  if (!compiled_) return text == text_;
  return ::regexec(compiled_.get(), text.c_str(), 0, nullptr, 0) == 0;
}

bool matches_pattern(const std::string& pattern, const std::string& text) {
  const auto compiled = compile(pattern);
  if (!compiled) throw bad_request("invalid pattern '" + pattern + "'");
  return ::regexec(compiled.get(), text.c_str(), 0, nullptr, 0) == 0;
}

}  // namespace slipway
