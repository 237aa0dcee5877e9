#include "namespace_module.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "02-daemon/launch_step.hpp"
#include "02-daemon/oci_spec.hpp"
#include "annotations.hpp"
#include "capabilities.hpp"
#include "default_spec.hpp"
#include "user_lookup.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// A namespace that a container may share with the host.
struct Mode {
  std::string_view field;   ///< of HostConfig
  std::string_view kind;    ///< the OCI spec's word for the namespace
  std::string_view docker;  ///< docker's word in its refusal
  std::string_view own;     ///< another word for "a new one", besides "" and "private"
  bool named_elsewhere;     ///< other words are names that another module knows
};

constexpr auto kModes =
    std::to_array<Mode>({{"PidMode", "pid", "PID", "", false},
                         {"IpcMode", "ipc", "IPC", "shareable", false},
                         {"UTSMode", "uts", "UTS", "", false},
                         {"CgroupnsMode", "cgroup", "cgroup namespace", "", false},
                         {"NetworkMode", "network", "network", "none", true}});

void check_mode(const JsonFields& host, const Mode& mode) {
  const std::string value = host.text(mode.field);
  if (value.starts_with("container:")) {
    throw bad_request("HostConfig." + std::string(mode.field) + ": \"" + value +
                      "\" is not supported yet");
  }
  if (value.empty() || value == "private" || value == "host" || value == mode.own) return;
  if (!mode.named_elsewhere)
    throw bad_request("invalid " + std::string(mode.docker) + " mode: " + value);
}

/// Characters that mean nothing in a file of names: a line feed in a hostname would write a second
/// line (CVE-2022-4318).
void check_name(const JsonFields& config, std::string_view field) {
  const std::string name = config.text(field);
  const bool fine = std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '-' || c == '_';
  });
  if (!fine || name.size() > HOST_NAME_MAX) {
    throw bad_request("invalid " + config.path_of(field) + " \"" + name +
                      "\": expected at most 64 letters, digits, '.', '-' and '_'");
  }
}

void check_users(const JsonFields& config, const JsonFields& host) {
  try {
    parse_user_text(config.text("User"));
  } catch (const CommandError& error) {
    throw bad_request("User: " + std::string(error.what()));
  }
  for (const std::string& group : host.texts("GroupAdd")) {
    if (group.empty() || group.find_first_of(",:\n") != std::string::npos) {
      throw bad_request("HostConfig.GroupAdd: invalid group \"" + group + "\"");
    }
  }
}

/// Absent and null mean the default list; an empty list means none (`--security-opt
/// systempaths=unconfined`).
void complete_paths(json& host_config, const char* field, bool privileged,
                    std::vector<std::string> (*list)()) {
  json& paths = host_config[field];
  static_cast<void>(JsonFields(host_config, "HostConfig").texts(field));
  if (paths.is_null()) paths = privileged ? std::vector<std::string>{} : list();
}

/// What Docker fills in at create, so that inspect shows it.
void complete(json& host_config) {
  if (host_config.is_null()) host_config = json::object();
  const JsonFields host(host_config, "HostConfig");
  if (host.integer("ShmSize") == 0) host_config["ShmSize"] = kDefaultShmSize;
  for (const char* field : {"IpcMode", "CgroupnsMode"}) {
    if (host.text(field).empty()) host_config[field] = "private";
  }
  const bool privileged = host.boolean("Privileged");
  complete_paths(host_config, "MaskedPaths", privileged, default_masked_paths);
  complete_paths(host_config, "ReadonlyPaths", privileged, default_readonly_paths);
}

bool shares(const JsonFields& host, std::string_view field) { return host.text(field) == "host"; }

std::string hostname_of(const ContainerRecord& record) {
  std::string name = JsonFields(record.config).text("Hostname");
  if (!name.empty()) return name;
  // Programs look up their own name in the network that they see.
  const JsonFields host(record.host_config);
  if (!shares(host, "NetworkMode") && !shares(host, "UTSMode")) return record.id.substr(0, 12);
  std::array<char, HOST_NAME_MAX + 1> text{};
  ::gethostname(text.data(), text.size() - 1);
  return text.data();
}

json namespaces_section(const JsonFields& host) {
  json namespaces = json::array({{{"type", "mount"}}});
  for (const Mode& mode : kModes) {
    if (!shares(host, mode.field)) namespaces.push_back({{"type", mode.kind}});
  }
  return namespaces;
}

void write_environment(const ContainerRecord& record, json& process) {
  std::vector<std::string> defaults = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "HOSTNAME=" + hostname_of(record)};
  if (JsonFields(record.config).boolean("Tty")) defaults.emplace_back("TERM=xterm");
  process["env"] =
      merge_environment(std::move(defaults), JsonFields(process, "process").texts("env"));
}

void write_identity(const ContainerRecord& record, json& spec) {
  const std::string user = JsonFields(record.config).text("User");
  const std::vector<std::string> groups = JsonFields(record.host_config).texts("GroupAdd");
  spec["process"]["user"] = {{"uid", 0}, {"gid", 0}};
  // Also for no user at all: root's groups are those of the container's own /etc/group.
  spec["annotations"][std::string(kUserAnnotation)] = user;
  if (!groups.empty())
    spec["annotations"][std::string(kGroupsAnnotation)] = join_words(groups, ',');
}

}  // namespace

std::vector<std::string_view> NamespaceModule::host_config_fields() const {
  std::vector<std::string_view> fields = {"NetworkMode",   "Privileged", "ReadonlyRootfs",
                                          "ShmSize",       "GroupAdd",   "MaskedPaths",
                                          "ReadonlyPaths", "UsernsMode"};
  for (const Mode& mode : kModes) fields.push_back(mode.field);
  return fields;
}

void NamespaceModule::check(CreateRequest& request) {
  const JsonFields config(request.config);
  const JsonFields host(request.host_config, "HostConfig");
  check_name(config, "Hostname");
  check_name(config, "Domainname");
  check_users(config, host);
  for (const Mode& mode : kModes) check_mode(host, mode);
  if (shares(host, "UTSMode") && !config.text("Hostname").empty()) {
    throw bad_request("conflicting options: hostname and the UTS mode");
  }
  const std::string users = host.text("UsernsMode");
  if (!users.empty() && users != "host") throw bad_request("invalid USER mode: " + users);
  if (host.integer("ShmSize") < 0) throw bad_request("SHM size can not be less than 0");
  static_cast<void>(host.boolean("ReadonlyRootfs"));
  complete(request.host_config);
}

void NamespaceModule::prepare(StartContext& start) {
  const auto step =
      start.trace.begin("03", "isolation", "write", "the spec's namespaces, mounts and masks");
  const JsonFields host(start.record.host_config, "HostConfig");
  const bool privileged = host.boolean("Privileged");
  json& spec = start.spec;
  if (!shares(host, "UTSMode")) {
    spec["hostname"] = hostname_of(start.record);
    const std::string domain = JsonFields(start.record.config).text("Domainname");
    if (!domain.empty()) spec["domainname"] = domain;
  }
  spec["mounts"] =
      default_mounts(host.integer("ShmSize", kDefaultShmSize), shares(host, "IpcMode"), privileged);
  spec["root"]["readonly"] = host.boolean("ReadonlyRootfs");
  spec["linux"]["namespaces"] = namespaces_section(host);
  spec["linux"]["maskedPaths"] = host.texts("MaskedPaths");
  spec["linux"]["readonlyPaths"] = host.texts("ReadonlyPaths");
  write_environment(start.record, spec["process"]);
  write_identity(start.record, spec);
  spec["process"]["capabilities"] =
      capability_section(privileged ? capability_names(bounding_set()) : default_capabilities());
}

void NamespaceModule::prepare_exec(ExecContext& exec) {
  const JsonFields request(exec.request);
  json& process = exec.spec["process"];
  const std::string user = request.text("User");
  if (!user.empty()) exec.spec["annotations"][std::string(kUserAnnotation)] = user;
  if (request.boolean("Privileged")) {
    process["capabilities"] = capability_section(capability_names(bounding_set()));
  }
}

void NamespaceModule::describe(const ContainerRecord& record, json& inspect) const {
  inspect["Config"]["Hostname"] = hostname_of(record);
  inspect["Config"]["Domainname"] = JsonFields(record.config).text("Domainname");
}

}  // namespace slipway
