#include "log_config.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/go_template.hpp"
#include "01-cli-socket/http_message.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "02-daemon/base/filters.hpp"

namespace slipway {

using nlohmann::json;
using Options = std::map<std::string, std::string>;

namespace {

constexpr std::int64_t kLocalMaxSize = 20'000'000;
constexpr int kLocalMaxFiles = 5;

constexpr auto kCommonOptions = std::to_array<std::string_view>({"mode", "max-buffer-size"});
constexpr auto kLocalOptions =
    std::to_array<std::string_view>({"max-size", "max-file", "compress"});
constexpr auto kJsonOptions = std::to_array<std::string_view>(
    {"max-size", "max-file", "compress", "labels", "labels-regex", "env", "env-regex", "tag"});

bool contains(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

ApiError bad_option(const std::string& name, const std::string& why) {
  return bad_request("failed to initialize logging driver: " + why +
                     " (HostConfig.LogConfig.Config." + name + ")");
}

/// "10m", "1.5 GB", "512kb": decimal units, as docker's go-units reads the sizes of logs. Nothing if it is no size.
std::optional<std::int64_t> decimal_size(std::string_view text) {
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || number < 0) return std::nullopt;
  std::string unit(read.ptr, text.data() + text.size());
  if (unit.starts_with(' ')) unit.erase(0, 1);
  for (char& c : unit) c = static_cast<char>(c | 0x20);  // lower case
  const std::size_t power = unit.empty() ? 0 : std::string_view("bkmgtp").find(unit[0]);
  const std::string rest = unit.empty() ? "" : unit.substr(1);
  const bool known = rest.empty() || (power > 0 && (rest == "b" || rest == "ib"));
  if (power == std::string_view::npos || !known) return std::nullopt;
  for (std::size_t i = 0; i < power; ++i) number *= 1000;
  return number < 9.2e18 ? std::optional(static_cast<std::int64_t>(number)) : std::nullopt;
}

std::int64_t max_size_of(const Options& options, std::int64_t fallback) {
  const auto found = options.find("max-size");
  if (found == options.end()) return fallback;
  const auto size = decimal_size(found->second);
  if (!size) throw bad_option("max-size", "invalid size: '" + found->second + "'");
  if (*size <= 0) throw bad_option("max-size", "max-size must be a positive number");
  return *size;
}

int max_files_of(const Options& options, int fallback) {
  const auto found = options.find("max-file");
  if (found == options.end()) return fallback;
  const std::string& text = found->second;
  int count = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size())
    throw bad_option("max-file", "invalid number: '" + text + "'");
  if (count < 1) throw bad_option("max-file", "max-file cannot be less than 1");
  return count;
}

bool boolean_of(const std::string& name, const std::string& text) {
  constexpr auto kYes = std::to_array<std::string_view>({"1", "t", "T", "true", "TRUE", "True"});
  constexpr auto kNo = std::to_array<std::string_view>({"0", "f", "F", "false", "FALSE", "False"});
  if (!contains(kYes, text) && !contains(kNo, text))
    throw bad_option(name, "invalid boolean: '" + text + "'");
  return contains(kYes, text);
}

void check_rotation(const Options& options, bool local, std::vector<std::string>& warnings) {
  const std::int64_t size = max_size_of(options, local ? kLocalMaxSize : -1);
  const int files = max_files_of(options, local ? kLocalMaxFiles : 1);
  const auto compress = options.find("compress");
  if (compress == options.end() || !boolean_of("compress", compress->second)) return;
  if (files < 2 || size < 0) {
    throw bad_option("compress",
                     "compress cannot be true when max-file is less than 2 or max-size is not set");
  }
  warnings.emplace_back(
      "HostConfig.LogConfig.Config.compress: full log files are not compressed, they stay as text");
}

void check_mode(const Options& options) {
  const auto mode = options.find("mode");
  const std::string value = mode == options.end() ? "" : mode->second;
  if (!value.empty() && value != "blocking" && value != "non-blocking")
    throw bad_request("logger: logging mode not supported: " + value);
  if (value != "non-blocking" && options.contains("max-buffer-size"))
    throw bad_request("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
}

JsonFields log_section(const json& host_config) {
  return JsonFields(host_config, "HostConfig").object("LogConfig");
}

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == ',') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

/// What `NAME` and `NAME-regex` of the options pick from a map.
void pick(const Options& options, const std::string& name, const Options& from, json& picked) {
  if (const auto list = options.find(name); list != options.end()) {
    for (const std::string& key : split_at_commas(list->second)) {
      if (const auto found = from.find(key); found != from.end()) picked[key] = found->second;
    }
  }
  const auto pattern = options.find(name + "-regex");
  if (pattern == options.end() || pattern->second.empty()) return;
  for (const auto& [key, value] : from) {
    if (matches_pattern(pattern->second, key)) picked[key] = value;
  }
}

Options environment_of(const JsonFields& config) {
  Options environment;
  for (const std::string& entry : config.texts("Env")) {
    const std::size_t equals = std::min(entry.find('='), entry.size());
    environment[entry.substr(0, equals)] = entry.substr(std::min(equals + 1, entry.size()));
  }
  return environment;
}

std::string tag_of(const std::string& text, const ContainerRecord& record) {
  const std::string image = JsonFields(record.config).text("Image");
  return fill_template(text, {{"ID", record.id.substr(0, 12)},
                              {"FullID", record.id},
                              {"Name", record.name},
                              {"ImageName", image},
                              {"DaemonName", "docker"}});
}

/// Docker's `attrs`: what the container's log is to be told apart by.
json attributes_of(const Options& options, const ContainerRecord& record) {
  const JsonFields config(record.config, "Config");
  json picked = json::object();
  pick(options, "labels", config.text_map("Labels"), picked);
  pick(options, "env", environment_of(config), picked);
  const auto tag = options.find("tag");
  if (tag != options.end() && !tag->second.empty()) picked["tag"] = tag_of(tag->second, record);
  return picked;
}

}  // namespace

std::string log_driver_of(const json& host_config) {
  const std::string driver = log_section(host_config).text("Type");
  return driver.empty() ? "json-file" : driver;
}

void check_log_config(const json& host_config, std::vector<std::string>& warnings) {
  const std::string driver = log_driver_of(host_config);
  const Options options = log_section(host_config).text_map("Config");
  if (driver == "none") return;
  check_mode(options);
  const bool local = driver == "local";
  if (!local && driver != "json-file")
    throw bad_request("error looking up logging plugin " + driver + ": plugin \"" + driver +
                      "\" not found");
  for (const auto& [name, value] : options) {
    if (contains(kCommonOptions, name)) continue;
    if (local && !contains(kLocalOptions, name))
      throw bad_request("unknown log opt '" + name + "' for log driver local");
    if (!local && !contains(kJsonOptions, name))
      throw bad_request("unknown log opt '" + name + "' for json-file log driver");
    if (name.ends_with("-regex")) static_cast<void>(matches_pattern(value, ""));
    if (name == "tag") {
      try {
        static_cast<void>(tag_of(value, {}));
      } catch (const std::exception& error) {
        throw bad_option(name, error.what());
      }
    }
  }
  check_rotation(options, local, warnings);
}

void add_log_settings(const ContainerRecord& record, TaskStdio& stdio) {
  stdio.log_driver = log_driver_of(record.host_config);
  const Options options = log_section(record.host_config).text_map("Config");
  const bool local = stdio.log_driver == "local";
  stdio.log_max_size = max_size_of(options, local ? kLocalMaxSize : -1);
  stdio.log_max_files = max_files_of(options, local ? kLocalMaxFiles : 1);
  const json attributes = attributes_of(options, record);
  stdio.log_attributes = attributes.empty() ? "" : dump_json(attributes);
}

}  // namespace slipway
