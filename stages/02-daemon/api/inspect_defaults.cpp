#include "inspect_defaults.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

namespace slipway {

using nlohmann::json;

namespace {

/// Go's "omitempty": these are left out when they hold nothing.
constexpr auto kOptionalConfig =
    std::to_array<std::string_view>({"ExposedPorts", "Healthcheck", "ArgsEscaped", "MacAddress",
                                     "NetworkDisabled", "Shell", "StopSignal", "StopTimeout"});
constexpr auto kOptionalHostConfig =
    std::to_array<std::string_view>({"Annotations", "Init", "KernelMemory", "KernelMemoryTCP",
                                     "Mounts", "StorageOpt", "Sysctls", "Tmpfs"});

bool is_empty(const json& value) {
  return value.is_null() || value == false || value == 0 || value == "" ||
         (value.is_structured() && value.empty());
}

/// `given` over `defaults`; null in `given` means "not given".
json complete(json defaults, const json& given, const auto& optional) {
  for (const auto& [name, value] : given.items()) {
    if (!value.is_null()) defaults[name] = value;
  }
  for (const std::string_view name : optional) {
    const auto found = defaults.find(name);
    // "Init": false was said, and is shown.
    if (found != defaults.end() && is_empty(*found) && !(name == "Init" && *found == false))
      defaults.erase(found);
  }
  return defaults;
}

json default_resources() {
  const json none = json::array();
  return {{"BlkioDeviceReadBps", none},
          {"BlkioDeviceReadIOps", none},
          {"BlkioDeviceWriteBps", none},
          {"BlkioDeviceWriteIOps", none},
          {"BlkioWeight", 0},
          {"BlkioWeightDevice", none},
          {"CgroupParent", ""},
          {"CpuCount", 0},
          {"CpuPercent", 0},
          {"CpuPeriod", 0},
          {"CpuQuota", 0},
          {"CpuRealtimePeriod", 0},
          {"CpuRealtimeRuntime", 0},
          {"CpuShares", 0},
          {"CpusetCpus", ""},
          {"CpusetMems", ""},
          {"DeviceCgroupRules", nullptr},
          {"DeviceRequests", nullptr},
          {"Devices", none},
          {"IOMaximumBandwidth", 0},
          {"IOMaximumIOps", 0},
          {"Memory", 0},
          {"MemoryReservation", 0},
          {"MemorySwap", 0},
          {"MemorySwappiness", nullptr},
          {"NanoCpus", 0},
          {"OomKillDisable", false},
          {"PidsLimit", nullptr},
          {"Ulimits", none}};
}

json default_host_config() {
  const json none = json::array();
  json config = {{"AutoRemove", false},
                 {"Binds", nullptr},
                 {"CapAdd", nullptr},
                 {"CapDrop", nullptr},
                 {"Cgroup", ""},
                 {"CgroupnsMode", "private"},
                 {"ConsoleSize", {0, 0}},
                 {"ContainerIDFile", ""},
                 {"Dns", none},
                 {"DnsOptions", none},
                 {"DnsSearch", none},
                 {"ExtraHosts", nullptr},
                 {"GroupAdd", nullptr},
                 {"IpcMode", "private"},
                 {"Isolation", ""},
                 {"Links", nullptr},
                 {"LogConfig", {{"Type", "json-file"}, {"Config", json::object()}}},
                 {"MaskedPaths", nullptr},
                 {"NetworkMode", "default"},
                 {"OomScoreAdj", 0},
                 {"PidMode", ""},
                 {"PortBindings", json::object()},
                 {"Privileged", false},
                 {"PublishAllPorts", false},
                 {"ReadonlyPaths", nullptr},
                 {"ReadonlyRootfs", false},
                 {"RestartPolicy", {{"Name", "no"}, {"MaximumRetryCount", 0}}},
                 {"Runtime", "runc"},
                 {"SecurityOpt", nullptr},
                 {"ShmSize", 67108864},
                 {"UTSMode", ""},
                 {"UsernsMode", ""},
                 {"VolumeDriver", ""},
                 {"VolumesFrom", nullptr}};
  config.update(default_resources());
  return config;
}

/// Replaces a value by which clients say "none".
void replace(json& object, const char* name, const json& said, const json& shown) {
  if (object[name] == said) object[name] = shown;
}

}  // namespace

json full_config(const json& config) {
  json full = complete({{"AttachStderr", false},
                        {"AttachStdin", false},
                        {"AttachStdout", false},
                        {"Cmd", nullptr},
                        {"Domainname", ""},
                        {"Entrypoint", nullptr},
                        {"Env", nullptr},
                        {"Hostname", ""},
                        {"Image", ""},
                        {"Labels", json::object()},
                        {"OnBuild", nullptr},
                        {"OpenStdin", false},
                        {"StdinOnce", false},
                        {"Tty", false},
                        {"User", ""},
                        {"Volumes", nullptr},
                        {"WorkingDir", ""}},
                       config, kOptionalConfig);
  for (const char* command : {"Cmd", "Entrypoint"}) {
    if (full[command].is_string()) full[command] = json::array({full[command]});
  }
  replace(full, "Volumes", json::object(), nullptr);
  return full;
}

json full_host_config(const json& host_config) {
  json full = complete(default_host_config(), host_config, kOptionalHostConfig);
  replace(full, "PidsLimit", 0, nullptr);
  replace(full, "MemorySwappiness", -1, nullptr);
  replace(full, "NetworkMode", "", "default");
  replace(full, "Runtime", "", "runc");
  json& log = full["LogConfig"];
  if (!log.is_object()) log = json::object();
  if (log.value("Type", "").empty()) log["Type"] = "json-file";
  if (!log.contains("Config") || log["Config"].is_null()) log["Config"] = json::object();
  json& restart = full["RestartPolicy"];
  if (restart.is_object() && is_empty(restart.value("Name", json()))) restart["Name"] = "no";
  return full;
}

json empty_endpoint() {
  return {{"Aliases", nullptr},       {"DNSNames", nullptr}, {"DriverOpts", nullptr},
          {"EndpointID", ""},         {"Gateway", ""},       {"GlobalIPv6Address", ""},
          {"GlobalIPv6PrefixLen", 0}, {"GwPriority", 0},     {"IPAMConfig", nullptr},
          {"IPAddress", ""},          {"IPPrefixLen", 0},    {"IPv6Gateway", ""},
          {"Links", nullptr},         {"MacAddress", ""},    {"NetworkID", ""}};
}

json empty_network_settings() {
  return {{"Bridge", ""},
          {"EndpointID", ""},
          {"Gateway", ""},
          {"GlobalIPv6Address", ""},
          {"GlobalIPv6PrefixLen", 0},
          {"HairpinMode", false},
          {"IPAddress", ""},
          {"IPPrefixLen", 0},
          {"IPv6Gateway", ""},
          {"LinkLocalIPv6Address", ""},
          {"LinkLocalIPv6PrefixLen", 0},
          {"MacAddress", ""},
          {"Networks", json::object()},
          {"Ports", json::object()},
          {"SandboxID", ""},
          {"SandboxKey", ""},
          {"SecondaryIPAddresses", nullptr},
          {"SecondaryIPv6Addresses", nullptr}};
}

}  // namespace slipway
