#include "device_access.hpp"

#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "04-cgroups/kernel/device_rules.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// The rules for one `--device`: a folder of the host has become several nodes.
void add_rules_of(const JsonFields& device, const json& nodes, DeviceRules& rules) {
  const std::string place = device.text("PathInContainer");
  const std::string access = device.text("CgroupPermissions");
  for (const json& node : nodes) {
    const std::string path = node.at("path");
    if (path != place && !path.starts_with(place + "/")) continue;
    rules.push_back({.allow = true,
                     .type = node.at("type").get<std::string>() == "b" ? 'b' : 'c',
                     .major = node.at("major").get<std::uint32_t>(),
                     .minor = node.at("minor").get<std::uint32_t>(),
                     .access = access.empty() ? "rwm" : access});
  }
}

}  // namespace

void check_device_access(const json& host_config) {
  for (const std::string& rule : JsonFields(host_config, "HostConfig").texts("DeviceCgroupRules")) {
    if (parse_device_rule(rule)) continue;
    throw bad_request("HostConfig.DeviceCgroupRules: invalid device cgroup rule format: '" + rule +
                      "'");
  }
}

json device_access(const json& host_config, const json& nodes) {
  const JsonFields host(host_config, "HostConfig");
  if (host.boolean("Privileged")) return to_json(all_devices());
  DeviceRules rules = default_device_rules();
  for (const json& device : host.array("Devices")) {
    add_rules_of(JsonFields(device, "HostConfig.Devices"), nodes, rules);
  }
  for (const std::string& text : host.texts("DeviceCgroupRules")) {
    if (const auto rule = parse_device_rule(text)) rules.push_back(*rule);
  }
  return to_json(rules);
}

}  // namespace slipway
