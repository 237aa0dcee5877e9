#include "device_list.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"

namespace fs = std::filesystem;

namespace slipway {

using nlohmann::json;

namespace {

/// Folders and nodes of the host's /dev that a container has its own of.
constexpr auto kOwnNames =
    std::to_array<std::string_view>({"pts", "shm", "fd", "mqueue", "console", "ptmx"});

void check_path(const std::string& path, const std::string& field) {
  if (!path.starts_with('/')) {
    throw bad_request(field + ": \"" + path + "\" is not an absolute path");
  }
}

ApiError unusable(const std::string& path, const std::string& reason) {
  return {500, "error gathering device information while adding custom device \"" + path +
                   "\": " + reason};
}

bool is_device(const struct stat& about) {
  return S_ISCHR(about.st_mode) || S_ISBLK(about.st_mode);
}

json node_entry(const std::string& path, const struct stat& about) {
  return {{"path", path},
          {"type", S_ISBLK(about.st_mode) ? "b" : "c"},
          {"major", major(about.st_rdev)},
          {"minor", minor(about.st_rdev)},
          {"fileMode", about.st_mode & 07777},
          {"uid", about.st_uid},
          {"gid", about.st_gid}};
}

/// Nodes in a folder of the host and below it, as they are called in the container.
void add_folder(const fs::path& on_host, const fs::path& in_container, bool skip_own, json& nodes) {
  std::error_code ignored;  // a folder that vanishes meanwhile holds nothing
  std::vector<fs::directory_entry> entries;
  for (const auto& entry : fs::directory_iterator(on_host, ignored)) entries.push_back(entry);
  std::ranges::sort(entries);
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename();
    if (skip_own && std::ranges::find(kOwnNames, name) != kOwnNames.end()) continue;
    struct stat about {};
    if (::lstat(entry.path().c_str(), &about) < 0) continue;
    if (S_ISDIR(about.st_mode)) add_folder(entry.path(), in_container / name, false, nodes);
    if (is_device(about)) nodes.push_back(node_entry(in_container / name, about));
  }
}

void add_device(const JsonFields& device, json& nodes) {
  const std::string on_host = device.text("PathOnHost");
  const std::string in_container = device.text("PathInContainer");
  struct stat about {};
  if (::stat(on_host.c_str(), &about) < 0) {
    throw unusable(on_host, errno == ENOENT ? "no such file or directory"  // docker's spelling
                                            : std::generic_category().message(errno));
  }
  if (is_device(about)) {
    nodes.push_back(node_entry(in_container, about));
    return;
  }
  const std::size_t before = nodes.size();
  if (S_ISDIR(about.st_mode)) add_folder(on_host, in_container, false, nodes);
  if (nodes.size() == before) throw unusable(on_host, "not a device node");
}

}  // namespace

void check_devices(const json& host_config) {
  const json& devices = JsonFields(host_config, "HostConfig").array("Devices");
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const std::string field = "HostConfig.Devices[" + std::to_string(i) + "]";
    const JsonFields device(devices[i], field);
    check_path(device.text("PathOnHost"), device.path_of("PathOnHost"));
    check_path(device.text("PathInContainer"), device.path_of("PathInContainer"));
    const std::string permissions = device.text("CgroupPermissions");
    if (permissions.find_first_not_of("rwm") != std::string::npos) {
      throw bad_request(device.path_of("CgroupPermissions") +
                        ": invalid device mode: " + permissions);
    }
  }
}

json device_nodes(const json& host_config) {
  json nodes = json::array();
  const JsonFields host(host_config, "HostConfig");
  if (host.boolean("Privileged")) add_folder("/dev", "/dev", true, nodes);
  for (const json& device : host.array("Devices")) {
    add_device(JsonFields(device, "HostConfig.Devices"), nodes);
  }
  return nodes;
}

}  // namespace slipway
