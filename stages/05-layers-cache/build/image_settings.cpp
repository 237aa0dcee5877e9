#include "image_settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "01-cli-socket/json_fields.hpp"
#include "02-daemon/base/human_text.hpp"
#include "02-daemon/base/signals.hpp"
#include "05-layers-cache/dockerfile/words.hpp"

namespace slipway {
namespace {

using nlohmann::json;
using Words = std::vector<std::string>;

/// What a rule works on.
struct Setting {
  const Instruction& instruction;
  json& config;
  const Variables& variables;

  [[nodiscard]] std::string put_in(std::string_view word) const {
    return expand(word, variables, instruction.escape);
  }
  [[nodiscard]] std::string only_word() const { return put_in(instruction.words.front()); }
  [[nodiscard]] Words words_put_in() const {
    Words result;
    for (const std::string& word : instruction.words) result.push_back(put_in(word));
    return result;
  }
  /// The object of this name, made if it is not there.
  [[nodiscard]] json& object(const char* name) const {
    json& found = config[name];
    if (!found.is_object()) found = json::object();
    return found;
  }
};

bool sets(std::string_view entry, std::string_view name) {
  return entry.substr(0, entry.find('=')) == name;
}

/// The last entry of a name counts, as it does for a program that reads its environment.
void set_variable(Words& env, const std::string& name, const std::string& value) {
  const auto found = std::find_if(env.begin(), env.end(),
                                  [&](const std::string& entry) { return sets(entry, name); });
  std::string entry = name + "=" + value;
  if (found == env.end()) {
    env.push_back(std::move(entry));
  } else {
    *found = std::move(entry);
  }
}

/// Names and values with the variables as they were before the instruction: `ENV a=1 b=$a` gives b the old a.
std::vector<std::pair<std::string, std::string>> pairs(const Setting& setting) {
  std::vector<std::pair<std::string, std::string>> result;
  for (const Assignment& item : setting.instruction.assignments) {
    result.emplace_back(setting.put_in(item.name), setting.put_in(item.value.value_or("")));
    if (result.back().first.empty()) {
      throw bad_request(std::string(name_of(setting.instruction.keyword)) +
                        " names can not be blank");
    }
  }
  return result;
}

void set_env(const Setting& setting) {
  Words env = JsonFields(setting.config).texts("Env");
  for (const auto& [name, value] : pairs(setting)) set_variable(env, name, value);
  setting.config["Env"] = env;
}

void set_labels(const Setting& setting) {
  for (const auto& [name, value] : pairs(setting)) setting.object("Labels")[name] = value;
}

/// The shell form goes through a shell: the image's own, or sh.
Words command_of(const Setting& setting) {
  if (setting.instruction.exec_form) return setting.instruction.words;
  Words command = JsonFields(setting.config).texts("Shell");
  if (command.empty()) command = {"/bin/sh", "-c"};
  command.push_back(setting.instruction.words.front());
  return command;
}

void set_cmd(const Setting& setting) { setting.config["Cmd"] = command_of(setting); }

/// A Cmd that the base image brought along was meant for the base's Entrypoint.
void set_entrypoint(const Setting& setting) {
  setting.config["Entrypoint"] = command_of(setting);
  setting.config["Cmd"] = nullptr;
}

unsigned port_number(std::string_view text, std::string_view whole) {
  unsigned port = 0;
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, port);
  if (read.ec == std::errc() && read.ptr == end && port > 0 && port <= 65535) return port;
  throw bad_request("invalid containerPort: " + std::string(whole));
}

/// "80", "80/udp", "8000-8010/tcp"
void expose(json& ports, std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string protocol =
      slash == std::string_view::npos ? "tcp" : lower(text.substr(slash + 1));
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp") {
    throw bad_request("invalid proto: " + protocol);
  }
  const std::string_view range = text.substr(0, slash);
  const std::size_t dash = range.find('-');
  const unsigned first = port_number(range.substr(0, dash), text);
  const unsigned last =
      dash == std::string_view::npos ? first : port_number(range.substr(dash + 1), text);
  if (last < first) throw bad_request("invalid containerPort: " + std::string(text));
  for (unsigned port = first; port <= last; ++port) {
    ports[std::to_string(port) + "/" + protocol] = json::object();
  }
}

/// A variable may hold several ports: what is put in is cut at blanks again.
void set_ports(const Setting& setting) {
  json ports = setting.object("ExposedPorts");
  for (const std::string& word : setting.words_put_in()) {
    const auto parts = split_words(word, setting.instruction.escape);
    for (const Word& part : parts) expose(ports, part.text);
  }
  setting.config["ExposedPorts"] = std::move(ports);
}

void set_user(const Setting& setting) { setting.config["User"] = setting.only_word(); }

void set_stop_signal(const Setting& setting) {
  const std::string name = setting.only_word();
  static_cast<void>(parse_signal(name));
  setting.config["StopSignal"] = name;
}

void set_volumes(const Setting& setting) {
  for (const std::string& path : setting.words_put_in()) {
    if (path.empty()) throw bad_request("VOLUME specified can not be an empty string");
    setting.object("Volumes")[path] = json::object();
  }
}

/// Relative to the WORKDIR before it. Only text: what it names in the image is looked up when a step runs there.
void set_directory(const Setting& setting) {
  const std::string before = JsonFields(setting.config).text("WorkingDir", "/");
  std::string path =
      (std::filesystem::path("/") / before / setting.only_word()).lexically_normal().string();
  if (path.size() > 1 && path.back() == '/') path.pop_back();
  setting.config["WorkingDir"] = path;
}

void set_shell(const Setting& setting) { setting.config["Shell"] = setting.instruction.words; }

void add_trigger(const Setting& setting) {
  Words triggers = JsonFields(setting.config).texts("OnBuild");
  triggers.push_back(setting.instruction.words.front());
  setting.config["OnBuild"] = triggers;
}

/// Docker's smallest interval; 0 means "the default".
constexpr std::int64_t kMillisecond = 1'000'000;

std::int64_t nanoseconds_of(const std::string& text) try {
  return parse_duration(text);
} catch (const std::runtime_error&
             error) {  // for a command line that is right, here a client is to blame
  throw bad_request(error.what());
}

std::int64_t period(const Setting& setting, std::string_view flag) {
  const auto text = setting.instruction.flag(flag);
  if (!text || text->empty()) return 0;
  const std::int64_t nanoseconds = nanoseconds_of(*text);
  if (nanoseconds == 0 || nanoseconds >= kMillisecond) return nanoseconds;
  throw bad_request("Interval \"" + std::string(flag) + "\" cannot be less than 1ms");
}

int retries(const Setting& setting) {
  const auto text = setting.instruction.flag("retries");
  if (!text || text->empty()) return 0;
  int count = 0;
  const auto end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, count);
  if (read.ec == std::errc() && read.ptr == end && count >= 0) return count;
  throw bad_request("--retries must be a whole number, at least 0 (not " + *text + ")");
}

Words health_test(const Setting& setting) {
  if (setting.instruction.none) return {"NONE"};
  Words test = {setting.instruction.exec_form ? "CMD" : "CMD-SHELL"};
  test.insert(test.end(), setting.instruction.words.begin(), setting.instruction.words.end());
  return test;
}

void set_healthcheck(const Setting& setting) {
  json check = {{"Test", health_test(setting)}};
  struct Period {
    const char* flag;
    const char* field;
  };
  constexpr auto kPeriods = std::to_array<Period>({{"interval", "Interval"},
                                                   {"timeout", "Timeout"},
                                                   {"start-period", "StartPeriod"},
                                                   {"start-interval", "StartInterval"}});
  for (const Period& each : kPeriods) {
    if (const auto value = period(setting, each.flag); value != 0) check[each.field] = value;
  }
  if (const int count = retries(setting); count != 0) check["Retries"] = count;
  setting.config["Healthcheck"] = std::move(check);
}

struct Rule {
  Keyword keyword;
  void (*apply)(const Setting&);
  bool as_change;  ///< Docker takes it with `commit --change`
};

constexpr auto kRules = std::to_array<Rule>({
    {Keyword::cmd, set_cmd, true},
    {Keyword::entrypoint, set_entrypoint, true},
    {Keyword::env, set_env, true},
    {Keyword::expose, set_ports, true},
    {Keyword::healthcheck, set_healthcheck, true},
    {Keyword::label, set_labels, true},
    {Keyword::onbuild, add_trigger, true},
    {Keyword::shell, set_shell, false},
    {Keyword::stopsignal, set_stop_signal, true},
    {Keyword::user, set_user, true},
    {Keyword::volume, set_volumes, true},
    {Keyword::workdir, set_directory, true},
});

const Rule* rule_of(Keyword keyword) {
  const auto found = std::find_if(kRules.begin(), kRules.end(),
                                  [&](const Rule& rule) { return rule.keyword == keyword; });
  return found == kRules.end() ? nullptr : &*found;
}

}  // namespace

Variables environment_of(const json& config) {
  return [&config](std::string_view name) -> std::optional<std::string> {
    const Words env = JsonFields(config).texts("Env");
    for (const std::string& entry : env) {
      if (sets(entry, name)) return entry.substr(std::min(name.size() + 1, entry.size()));
    }
    return std::nullopt;
  };
}

bool is_setting(Keyword keyword) { return rule_of(keyword) != nullptr; }

void apply_setting(const Instruction& instruction, json& config, const Variables& arguments) {
  const Rule* rule = rule_of(instruction.keyword);
  if (rule == nullptr) {
    throw bad_request(std::string(name_of(instruction.keyword)) + " is no setting of an image");
  }
  const Variables environment = environment_of(config);
  const Variables variables = [&](std::string_view name) {
    auto value = environment(name);
    return value || !arguments ? value : arguments(name);
  };
  json changed = config;
  rule->apply({instruction, changed, variables});
  config = std::move(changed);
}

void apply_change(std::string_view text, json& config) {
  const Instruction instruction = parse_instruction(text);
  const Rule* rule = rule_of(instruction.keyword);
  if (rule == nullptr || !rule->as_change) {
    throw bad_request(std::string(name_of(instruction.keyword)) + " is not a valid change command");
  }
  apply_setting(instruction, config);
}

}  // namespace slipway
