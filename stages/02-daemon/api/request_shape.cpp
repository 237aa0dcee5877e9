#include "request_shape.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr std::size_t kMostTextBytes = 1024UL * 1024;

enum class Shape {
  text,
  integer,
  boolean,
  texts,     ///< an array of strings
  command,   ///< a string or an array of strings
  text_map,  ///< an object of strings
  integers,  ///< an array of whole numbers
  object,    ///< an object whose fields are listed
  list,      ///< an array of such objects
  objects,   ///< an object of such objects: {"80/tcp": {}}
  lists,     ///< an object of arrays of such objects: PortBindings
};

struct Field {
  const char* name;
  Shape shape;
  std::span<const Field> inner{};
};

using enum Shape;

constexpr std::array kHealthcheck = std::to_array<Field>({{"Test", texts},
                                                          {"Interval", integer},
                                                          {"Timeout", integer},
                                                          {"Retries", integer},
                                                          {"StartPeriod", integer},
                                                          {"StartInterval", integer}});
constexpr std::array kLogConfig = std::to_array<Field>({{"Type", text}, {"Config", text_map}});
constexpr std::array kRestartPolicy =
    std::to_array<Field>({{"Name", text}, {"MaximumRetryCount", integer}});
constexpr std::array kPortBinding = std::to_array<Field>({{"HostIp", text}, {"HostPort", text}});
constexpr std::array kDevice = std::to_array<Field>(
    {{"PathOnHost", text}, {"PathInContainer", text}, {"CgroupPermissions", text}});
constexpr std::array kUlimit =
    std::to_array<Field>({{"Name", text}, {"Soft", integer}, {"Hard", integer}});
constexpr std::array kWeight = std::to_array<Field>({{"Path", text}, {"Weight", integer}});
constexpr std::array kRate = std::to_array<Field>({{"Path", text}, {"Rate", integer}});
constexpr std::array kDeviceRequest = std::to_array<Field>(
    {{"Driver", text}, {"Count", integer}, {"DeviceIDs", texts}, {"Options", text_map}});
constexpr std::array kBindOptions = std::to_array<Field>(
    {{"Propagation", text}, {"NonRecursive", boolean}, {"CreateMountpoint", boolean}});
constexpr std::array kVolumeOptions =
    std::to_array<Field>({{"NoCopy", boolean}, {"Labels", text_map}, {"Subpath", text}});
constexpr std::array kTmpfsOptions =
    std::to_array<Field>({{"SizeBytes", integer}, {"Mode", integer}});
constexpr std::array kMount = std::to_array<Field>({{"Type", text},
                                                    {"Source", text},
                                                    {"Target", text},
                                                    {"ReadOnly", boolean},
                                                    {"Consistency", text},
                                                    {"BindOptions", object, kBindOptions},
                                                    {"VolumeOptions", object, kVolumeOptions},
                                                    {"TmpfsOptions", object, kTmpfsOptions}});
constexpr std::array kAddresses =
    std::to_array<Field>({{"IPv4Address", text}, {"IPv6Address", text}, {"LinkLocalIPs", texts}});
constexpr std::array kEndpoint = std::to_array<Field>({{"IPAMConfig", object, kAddresses},
                                                       {"Links", texts},
                                                       {"Aliases", texts},
                                                       {"MacAddress", text},
                                                       {"DriverOpts", text_map},
                                                       {"GwPriority", integer}});
constexpr std::array kNetworking = std::to_array<Field>({{"EndpointsConfig", objects, kEndpoint}});

constexpr std::array kHostConfig = std::to_array<Field>({
    {"Annotations", text_map},
    {"AutoRemove", boolean},
    {"Binds", texts},
    {"BlkioDeviceReadBps", list, kRate},
    {"BlkioDeviceReadIOps", list, kRate},
    {"BlkioDeviceWriteBps", list, kRate},
    {"BlkioDeviceWriteIOps", list, kRate},
    {"BlkioWeight", integer},
    {"BlkioWeightDevice", list, kWeight},
    {"CapAdd", texts},
    {"CapDrop", texts},
    {"Cgroup", text},
    {"CgroupParent", text},
    {"CgroupnsMode", text},
    {"ConsoleSize", integers},
    {"ContainerIDFile", text},
    {"CpuCount", integer},
    {"CpuPercent", integer},
    {"CpuPeriod", integer},
    {"CpuQuota", integer},
    {"CpuRealtimePeriod", integer},
    {"CpuRealtimeRuntime", integer},
    {"CpuShares", integer},
    {"CpusetCpus", text},
    {"CpusetMems", text},
    {"DeviceCgroupRules", texts},
    {"DeviceRequests", list, kDeviceRequest},
    {"Devices", list, kDevice},
    {"Dns", texts},
    {"DnsOptions", texts},
    {"DnsSearch", texts},
    {"ExtraHosts", texts},
    {"GroupAdd", texts},
    {"IOMaximumBandwidth", integer},
    {"IOMaximumIOps", integer},
    {"Init", boolean},
    {"IpcMode", text},
    {"Isolation", text},
    {"Links", texts},
    {"LogConfig", object, kLogConfig},
    {"MaskedPaths", texts},
    {"Memory", integer},
    {"MemoryReservation", integer},
    {"MemorySwap", integer},
    {"MemorySwappiness", integer},
    {"Mounts", list, kMount},
    {"NanoCpus", integer},
    {"NetworkMode", text},
    {"OomKillDisable", boolean},
    {"OomScoreAdj", integer},
    {"PidMode", text},
    {"PidsLimit", integer},
    {"PortBindings", lists, kPortBinding},
    {"Privileged", boolean},
    {"PublishAllPorts", boolean},
    {"ReadonlyPaths", texts},
    {"ReadonlyRootfs", boolean},
    {"RestartPolicy", object, kRestartPolicy},
    {"Runtime", text},
    {"SecurityOpt", texts},
    {"ShmSize", integer},
    {"StorageOpt", text_map},
    {"Sysctls", text_map},
    {"Tmpfs", text_map},
    {"UTSMode", text},
    {"Ulimits", list, kUlimit},
    {"UsernsMode", text},
    {"VolumeDriver", text},
    {"VolumesFrom", texts},
});

constexpr std::array kBody = std::to_array<Field>({
    {"ArgsEscaped", boolean},
    {"AttachStderr", boolean},
    {"AttachStdin", boolean},
    {"AttachStdout", boolean},
    {"Cmd", command},
    {"Domainname", text},
    {"Entrypoint", command},
    {"Env", texts},
    {"ExposedPorts", objects},
    {"Healthcheck", object, kHealthcheck},
    {"Hostname", text},
    {"Image", text},
    {"Labels", text_map},
    {"MacAddress", text},
    {"NetworkDisabled", boolean},
    {"OnBuild", texts},
    {"OpenStdin", boolean},
    {"Shell", texts},
    {"StdinOnce", boolean},
    {"StopSignal", text},
    {"StopTimeout", integer},
    {"Tty", boolean},
    {"User", text},
    {"Volumes", objects},
    {"WorkingDir", text},
    {"HostConfig", object, kHostConfig},
    {"NetworkingConfig", object, kNetworking},
});

void check_object(const JsonFields& object, std::span<const Field> fields);

void check_list(const json& list, const std::string& path, std::span<const Field> fields) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    check_object(JsonFields(list[i], path + "[" + std::to_string(i) + "]"), fields);
  }
}

ApiError wrong(const std::string& path, const char* expected, const json& got) {
  return bad_request(path + ": expected " + expected + ", got " + std::string(got.type_name()));
}

/// The object at that name, for looking at each of its entries.
const json& map_at(const json& object, const Field& field, const std::string& path) {
  const json& map = object.at(field.name);
  if (!map.is_object()) throw wrong(path, "an object", map);
  return map;
}

void check_integers(const JsonFields& object, const Field& field) {
  for (const json& entry : object.array(field.name)) {
    if (!entry.is_number_integer()) throw wrong(object.path_of(field.name), "whole numbers", entry);
  }
}

void check_entries(const json& parent, const JsonFields& object, const Field& field) {
  if (!object.has(field.name)) return;
  const std::string path = object.path_of(field.name);
  for (const auto& [key, entry] : map_at(parent, field, path).items()) {
    const std::string where = path + "." + key;
    if (field.shape == objects) {
      check_object(JsonFields(entry, where), field.inner);
    } else if (!entry.is_null()) {
      if (!entry.is_array()) throw wrong(where, "an array", entry);
      check_list(entry, where, field.inner);
    }
  }
}

void check_field(const JsonFields& object, const Field& field) {
  switch (field.shape) {
    case text:
      return static_cast<void>(object.text(field.name));
    case integer:
      return static_cast<void>(object.maybe_integer(field.name));
    case boolean:
      return static_cast<void>(object.maybe_boolean(field.name));
    case texts:
      return static_cast<void>(object.texts(field.name));
    case command:
      return static_cast<void>(object.text_or_texts(field.name));
    case text_map:
      return static_cast<void>(object.text_map(field.name));
    case integers:
      return check_integers(object, field);
    case Shape::object:
      return check_object(object.object(field.name), field.inner);
    case list:
      return check_list(object.array(field.name), object.path_of(field.name), field.inner);
    case objects:
    case lists:
      return check_entries(object.document(), object, field);
  }
}

void check_object(const JsonFields& object, std::span<const Field> fields) {
  for (const Field& field : fields) check_field(object, field);
}

void refuse_nul(const std::string& text, const std::string& path) {
  if (text.find('\0') != std::string::npos) throw bad_request(path + ": NUL byte");
}

void refuse_nul(const json& value, const std::string& path) {
  if (value.is_string()) return refuse_nul(value.get_ref<const std::string&>(), path);
  if (!value.is_structured()) return;
  for (const auto& [key, entry] : value.items()) {
    refuse_nul(key, path);
    // The field is what the client has to look at; which of its entries it is, it will see.
    refuse_nul(entry, path.empty() || path == "HostConfig" || path == "NetworkingConfig"
                          ? (path.empty() ? key : path + "." + key)
                          : path);
  }
}

void limit_texts(const JsonFields& object, const char* name) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : object.text_map(name)) bytes += key.size() + value.size();
  if (bytes > kMostTextBytes) {
    throw bad_request(object.path_of(name) + ": " + std::to_string(bytes) +
                      " bytes of text; at most " + std::to_string(kMostTextBytes) + " are taken");
  }
}

}  // namespace

void check_update_shape(const json& body) {
  check_object(JsonFields(body), kHostConfig);
  refuse_nul(body, "");
}

void check_shape(const json& body) {
  const JsonFields fields(body);
  check_object(fields, kBody);
  refuse_nul(body, "");
  limit_texts(fields, "Labels");
  limit_texts(fields.object("HostConfig"), "Annotations");
}

}  // namespace slipway
