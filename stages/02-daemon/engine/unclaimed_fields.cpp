#include "unclaimed_fields.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// What the engine's own stage acts on, or what means nothing to it by design: clients send these with every request.
constexpr std::string_view kOwnFields[] = {"AutoRemove", "RestartPolicy", "LogConfig",
                                           "ConsoleSize", "ContainerIDFile"};

bool asks_for_nothing(const json& value) {
  if (value.is_string()) return value == "" || value == "no" || value == "default";
  if (value.is_number()) return value == 0 || value == -1;
  if (value.is_array()) return value.empty();
  if (value.is_object()) return std::all_of(value.begin(), value.end(), asks_for_nothing);
  return value.is_null() || value == false;
}

bool contains(const std::vector<std::string_view>& fields, std::string_view name) {
  return std::find(fields.begin(), fields.end(), name) != fields.end();
}

}  // namespace

std::vector<std::string> unclaimed_fields(const json& host_config,
                                          const std::vector<std::string_view>& claimed) {
  const auto is_claimed = [&](const std::string& name) {
    return contains(claimed, name) ||
           std::find(std::begin(kOwnFields), std::end(kOwnFields), name) != std::end(kOwnFields);
  };
  std::vector<std::string> warnings;
  for (const auto& [name, value] : host_config.items()) {
    if (is_claimed(name) || asks_for_nothing(value)) continue;
    warnings.push_back("HostConfig." + name + ": nothing in this engine acts on it");
  }
  return warnings;
}

std::vector<std::string> unclaimed_config(const json& config,
                                          const std::vector<std::string_view>& claimed) {
  const JsonFields fields(config);
  if (!contains(claimed, "User") && !fields.text("User").empty()) {
    throw bad_request("User: nothing in this engine can run a command as another user");
  }
  std::vector<std::string> warnings;
  for (const std::string name : {"Hostname", "Domainname"}) {
    if (contains(claimed, name) || fields.text(name).empty()) continue;
    warnings.push_back(name + ": nothing in this engine acts on it");
  }
  return warnings;
}

}  // namespace slipway
