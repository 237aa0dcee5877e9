#include "namespace_module.hpp"

#include <algorithm>
#include <climits>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "02-daemon/base/spawn.hpp"
#include "02-daemon/engine/oci_spec.hpp"
#include "03-namespaces/base/annotations.hpp"
#include "03-namespaces/base/capabilities.hpp"
#include "03-namespaces/base/sysctl_rules.hpp"
#include "default_spec.hpp"
#include "device_list.hpp"
#include "powers.hpp"
#include "process_limits.hpp"
#include "process_user.hpp"
#include "sharing.hpp"
#include "tmpfs_list.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// Where docker puts its init; programs look for it there.
constexpr const char* kInitPath = "/sbin/docker-init";

/// Our annotations steer the runtime (an overlay's folders, the user): they are the engine's to write.
constexpr std::string_view kOurAnnotations = "io.slipway.";

/// Characters that mean nothing in a file of names: a line feed in a hostname would write a second
/// line (CVE-2022-4318).
void check_name(const JsonFields& config, std::string_view field) {
  const std::string name = config.text(field);
  const bool fine = std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '-' || c == '_';
  });
  if (!fine || name.size() > HOST_NAME_MAX) {
    throw bad_request("invalid " + config.path_of(field) + " \"" + name.substr(0, 200) +
                      "\": expected at most 64 letters, digits, '.', '-' and '_'");
  }
}

void check_sysctls(const json& host_config) {
  const auto has_own = [&](std::string_view kind) {
    const char* field = kind == "network" ? "NetworkMode" : kind == "ipc" ? "IpcMode" : "UTSMode";
    return !shares_with_host(host_config, field);
  };
  for (const auto& [name, value] : JsonFields(host_config, "HostConfig").text_map("Sysctls")) {
    try {
      check_sysctl(name, value, has_own);
    } catch (const std::runtime_error& error) {
      throw bad_request("HostConfig.Sysctls: " + std::string(error.what()));
    }
  }
}

void check_annotations(const json& host_config) {
  for (const auto& [key, value] : JsonFields(host_config, "HostConfig").text_map("Annotations")) {
    if (key.empty()) {
      throw bad_request(
          "HostConfig.Annotations: invalid Annotation: the empty string is not permitted as an "
          "annotation key");
    }
    if (key.starts_with(kOurAnnotations)) {
      throw bad_request("HostConfig.Annotations: \"" + key + "\" is reserved for the engine");
    }
  }
}

/// What Docker fills in at create, so that inspect shows it.
void complete(json& host_config) {
  const JsonFields host(host_config, "HostConfig");
  if (host.integer("ShmSize") == 0) host_config["ShmSize"] = kDefaultShmSize;
  for (const char* field : {"IpcMode", "CgroupnsMode"}) {
    if (host.text(field).empty()) host_config[field] = "private";
  }
}

void write_environment(const ContainerRecord& record, const std::string& hostname, json& process) {
  std::vector<std::string> defaults = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=" + hostname};
  if (JsonFields(record.config).boolean("Tty")) defaults.emplace_back("TERM=xterm");
  process["env"] =
      merge_environment(std::move(defaults), JsonFields(process, "process").texts("env"));
}

void write_names(const ContainerRecord& record, const std::string& hostname, json& spec) {
  if (shares_with_host(record.host_config, "UTSMode")) return;
  spec["hostname"] = hostname;
  const std::string domain = JsonFields(record.config).text("Domainname");
  if (!domain.empty()) spec["domainname"] = domain;
}

/// `--init`: our reaper is the first process and starts the command. Where the container is not alone in its process
/// list, its first process is not pid 1: orphans are not its to reap, so there is nothing for an init to do.
void add_init(const JsonFields& host, json& spec) {
  if (!host.boolean("Init") || !host.text("PidMode").empty()) return;
  json args = {kInitPath, "--"};
  for (json& word : spec["process"]["args"]) args.push_back(std::move(word));
  spec["process"]["args"] = std::move(args);
  spec["mounts"].push_back(mount_entry(kInitPath, "bind", sibling_program("slipway-init"),
                                       {"bind", "ro", "nosuid", "nodev"}));
}

}  // namespace

void NamespaceModule::open(const EngineServices& services) {
  containers_ = &services.containers;
  exec_root_ = services.paths.exec_root;
}

std::vector<std::string_view> NamespaceModule::config_fields() const {
  return {"Hostname", "Domainname", "User"};
}

std::vector<std::string_view> NamespaceModule::host_config_fields() const {
  std::vector<std::string_view> fields = {"ReadonlyRootfs", "ShmSize",    "GroupAdd", "Init",
                                          "Annotations",    "Sysctls",    "Tmpfs",    "Devices",
                                          "Ulimits",        "OomScoreAdj"};
  for (const auto& more : {sharing_fields(), power_fields()}) {
    fields.insert(fields.end(), more.begin(), more.end());
  }
  return fields;
}

void NamespaceModule::check(CreateRequest& request) {
  if (request.host_config.is_null()) request.host_config = json::object();
  const JsonFields config(request.config);
  const JsonFields host(request.host_config, "HostConfig");
  check_name(config, "Hostname");
  check_name(config, "Domainname");
  check_user(request);
  check_sharing(request, containers_);
  check_powers(request);
  check_limits(request.host_config, request.warnings);
  check_tmpfs(request.host_config);
  check_devices(request.host_config);
  check_sysctls(request.host_config);
  check_annotations(request.host_config);
  if (host.integer("ShmSize") < 0) {
    throw bad_request("HostConfig.ShmSize: SHM size can not be less than 0");
  }
  for (const char* field : {"ReadonlyRootfs", "Init"}) static_cast<void>(host.boolean(field));
  complete(request.host_config);
}

void NamespaceModule::prepare(StartContext& start) {
  const auto step =
      start.trace.begin("03", "isolation", "the spec:", "namespaces, mounts and masks");
  const ContainerRecord& record = start.record;
  const JsonFields host(record.host_config, "HostConfig");
  json& spec = start.spec;
  const std::string hostname = hostname_of(record, containers_);
  spec["linux"]["namespaces"] = namespaces_section(record, containers_);
  write_names(record, hostname, spec);
  write_environment(record, hostname, spec["process"]);
  spec["mounts"] = default_mounts(host.boolean("Privileged"));
  if (json shm = shm_mount(record, containers_); !shm.is_null()) {
    spec["mounts"].push_back(std::move(shm));
  }
  add_tmpfs(record.host_config, spec["mounts"]);
  spec["root"]["readonly"] = host.boolean("ReadonlyRootfs");
  spec["linux"]["devices"] = device_nodes(record.host_config);
  if (host.has("Sysctls")) spec["linux"]["sysctl"] = host.document().at("Sysctls");
  write_powers(record.host_config, spec);
  write_limits(record.host_config, spec["process"]);
  write_user(record, spec);
  for (const auto& [key, value] : host.text_map("Annotations")) spec["annotations"][key] = value;
  spec["annotations"].update(donor_annotations(record, containers_, exec_root_));
  add_init(host, spec);
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
  inspect["Config"]["Hostname"] = hostname_of(record, containers_);
  inspect["Config"]["Domainname"] = JsonFields(record.config).text("Domainname");
}

}  // namespace slipway
