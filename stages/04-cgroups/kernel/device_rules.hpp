#pragma once
/// \file
/// Which devices a container may use, whatever nodes it has or makes: linux.resources.devices of the OCI spec.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// One line: later ones win.
struct DeviceRule {
  bool allow = false;
  char type = 'a';                     ///< 'b', 'c', or 'a' for both
  std::optional<std::uint32_t> major;  ///< absent: any
  std::optional<std::uint32_t> minor;
  std::string access = "rwm";  ///< read, write, mknod

  friend bool operator==(const DeviceRule&, const DeviceRule&) = default;
};

using DeviceRules = std::vector<DeviceRule>;

/// \throws ApiError 400 that names the field
DeviceRules device_rules_of(const nlohmann::json& list);
/// The other way round.
nlohmann::json to_json(const DeviceRules& rules);

/// "c 1:3 rwm", "a *:* m": `--device-cgroup-rule`, and what version 1's files take. It allows. Nothing if it is none.
std::optional<DeviceRule> parse_device_rule(std::string_view text);
/// "c 1:3 rwm"; what stands for everything is "a".
std::string to_string(const DeviceRule& rule);

/// Everything is forbidden but what each container has: its own nodes of /dev, terminals, and to make nodes that then
/// cannot be opened.
DeviceRules default_device_rules();
/// What is not said is forbidden: no rules at all become the default ones, and rules that do not begin with one for
/// everything follow one that forbids everything. The kernel alone would read both as "all devices".
DeviceRules closed_device_rules(DeviceRules rules);
/// Everything is allowed.
DeviceRules all_devices();

}  // namespace slipway
