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

/// `--gpus` and its like ask a driver for devices. Without it a program would run and find nothing: docker's words.
void refuse_unknown_drivers(const json& host_config, bool claimed) {
  const json& requests = JsonFields(host_config, "HostConfig").array("DeviceRequests");
  if (claimed || requests.empty()) return;
  std::string wanted;
  for (const json& names : requests.front().value("Capabilities", json::array())) {
    std::string list;
    for (const json& name : names) list += (list.empty() ? "" : " ") + name.get<std::string>();
    wanted += (wanted.empty() ? "[" : " [") + list + "]";
  }
  throw bad_request("could not select device driver \"" + requests.front().value("Driver", "") +
                    "\" with capabilities: [" + wanted + "]");
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
  refuse_unknown_drivers(host_config, is_claimed("DeviceRequests"));
  std::vector<std::string> warnings;
  for (const auto& [name, value] : host_config.items()) {
    if (is_claimed(name) || asks_for_nothing(value)) continue;
    warnings.push_back("HostConfig." + name + ": nothing in this engine acts on it");
  }
  return warnings;
}

std::vector<std::string> unclaimed_endpoints(const json& networking_config,
                                             const std::vector<std::string_view>& claimed) {
  std::vector<std::string> warnings;
  if (contains(claimed, "NetworkingConfig")) return warnings;
  const JsonFields endpoints =
      JsonFields(networking_config, "NetworkingConfig").object("EndpointsConfig");
  for (const auto& [network, endpoint] : endpoints.document().items()) {
    for (const auto& [name, value] : endpoint.items()) {
      if (asks_for_nothing(value)) continue;
      warnings.push_back("NetworkingConfig.EndpointsConfig." + network + "." + name +
                         ": nothing in this engine acts on it");
    }
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
