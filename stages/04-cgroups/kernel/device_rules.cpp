#include "device_rules.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// A number, or "*" for any.
bool parse_number(std::string_view text, std::optional<std::uint32_t>& number) {
  if (text == "*") return true;
  std::uint32_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return false;
  number = value;
  return true;
}

bool is_type(std::string_view text) { return text == "a" || text == "b" || text == "c"; }

bool is_access(std::string_view text) {
  return !text.empty() && text.size() <= 3 && text.find_first_not_of("rwm") == text.npos;
}

std::string number_text(const std::optional<std::uint32_t>& number) {
  return number ? std::to_string(*number) : "*";
}

/// Cuts `text` at the first `separator`; the part before it.
std::string_view cut(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::optional<std::uint32_t> maybe_number(const JsonFields& fields, const char* name) {
  const auto number = fields.maybe_integer(name);
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

DeviceRule rule_of(const JsonFields& fields) {
  DeviceRule rule{.allow = fields.boolean("allow"),
                  .major = maybe_number(fields, "major"),
                  .minor = maybe_number(fields, "minor"),
                  .access = fields.text("access", "rwm")};
  const std::string type = fields.text("type", "a");
  if (!is_type(type) && type != "u")
    throw bad_request(fields.path_of("type") + ": \"" + type + "\"");
  if (!is_access(rule.access)) {
    throw bad_request(fields.path_of("access") + ": \"" + rule.access + "\"");
  }
  rule.type = type == "u" ? 'c' : type.front();
  return rule;
}

}  // namespace

DeviceRules device_rules_of(const json& list) {
  DeviceRules rules;
  for (const json& entry : list)
    rules.push_back(rule_of(JsonFields(entry, "linux.resources.devices")));
  return rules;
}

json to_json(const DeviceRules& rules) {
  json list = json::array();
  for (const DeviceRule& rule : rules) {
    json entry = {
        {"allow", rule.allow}, {"type", std::string(1, rule.type)}, {"access", rule.access}};
    if (rule.major) entry["major"] = *rule.major;
    if (rule.minor) entry["minor"] = *rule.minor;
    list.push_back(std::move(entry));
  }
  return list;
}

std::optional<DeviceRule> parse_device_rule(std::string_view text) {
  const std::string_view type = cut(text, ' ');
  const std::string_view major = cut(text, ':');
  const std::string_view minor = cut(text, ' ');
  DeviceRule rule{.allow = true, .access = std::string(text)};
  if (!is_type(type) || !is_access(text)) return std::nullopt;
  if (!parse_number(major, rule.major) || !parse_number(minor, rule.minor)) return std::nullopt;
  rule.type = type.front();
  return rule;
}

std::string to_string(const DeviceRule& rule) {
  if (rule.type == 'a' && !rule.major && !rule.minor && rule.access == "rwm") return "a";
  return std::string(1, rule.type) + " " + number_text(rule.major) + ":" + number_text(rule.minor) +
         " " + rule.access;
}

DeviceRules default_device_rules() {
  DeviceRules rules = {{.allow = false}};
  for (const char* allowed :
       {"c *:* m", "b *:* m",                                     // to make a node is not to use it
        "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm",                    // null, zero, full
        "c 1:8 rwm", "c 1:9 rwm",                                 // random, urandom
        "c 5:0 rwm", "c 5:1 rwm", "c 5:2 rwm", "c 136:* rwm"}) {  // tty, console, ptmx, pts/N
    rules.push_back(*parse_device_rule(allowed));
  }
  return rules;
}

DeviceRules closed_device_rules(DeviceRules rules) {
  if (rules.empty()) return default_device_rules();
  if (to_string(rules.front()) != "a") rules.insert(rules.begin(), {.allow = false});
  return rules;
}

DeviceRules all_devices() { return {{.allow = true}}; }

}  // namespace slipway
