#include "sharing.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <optional>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/engine/containers.hpp"
#include "02-daemon/task/shim_client.hpp"
#include "03-namespaces/base/annotations.hpp"
#include "03-namespaces/base/namespace_name.hpp"
#include "default_spec.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr std::string_view kDonorPrefix = "container:";

/// A namespace that a container may share.
struct Mode {
  std::string_view field;               ///< of HostConfig
  std::string_view kind;                ///< the OCI spec's word for the namespace
  std::string_view docker;              ///< docker's word in its refusals
  std::string_view proc;                ///< its name in /proc/PID/ns
  bool joinable;                        ///< "container:ID" is a mode
  bool named_elsewhere;                 ///< other words are names that another module knows
  std::array<std::string_view, 3> own;  ///< the words for "a new one", besides ""
};

constexpr auto kModes = std::to_array<Mode>({
    {"PidMode", "pid", "PID", "pid", true, false, {}},
    {"IpcMode", "ipc", "IPC", "ipc", true, false, {"private", "shareable", "none"}},
    {"UTSMode", "uts", "UTS", "uts", false, false, {}},
    {"CgroupnsMode", "cgroup", "cgroup namespace", "cgroup", false, false, {"private"}},
    {"NetworkMode", "network", "network", "net", true, true, {}},
});

std::string mode_of(const json& host_config, std::string_view field) {
  return JsonFields(host_config, "HostConfig").text(field);
}

/// The name or id behind "container:"; nothing for any other mode.
std::optional<std::string> donor_of(const std::string& mode) {
  if (!mode.starts_with(kDonorPrefix)) return std::nullopt;
  return mode.substr(kDonorPrefix.size());
}

void check_mode(json& host_config, const Mode& mode, const ContainerTable* containers) {
  const std::string value = mode_of(host_config, mode.field);
  const auto donor = donor_of(value);
  if (donor && mode.joinable && !donor->empty()) {
    if (containers) {
      host_config[mode.field] = std::string(kDonorPrefix) + containers->find(*donor)->record.id;
    }
    return;
  }
  const bool known =
      value.empty() || value == "host" || std::ranges::find(mode.own, value) != mode.own.end();
  if (!known && (donor || !mode.named_elsewhere)) {
    throw bad_request("HostConfig." + std::string(mode.field) + ": invalid " +
                      std::string(mode.docker) + " mode: " + value);
  }
}

/// What makes no sense for somebody who lives in another's network. Docker's words.
void check_shared_network(const JsonFields& config, const JsonFields& host) {
  if (!host.text("NetworkMode").starts_with(kDonorPrefix)) return;
  const auto refuse = [](bool given, const char* words) {
    if (given) throw bad_request(std::string("conflicting options: ") + words);
  };
  refuse(!config.text("Hostname").empty(), "hostname and the network mode");
  refuse(!host.array("Dns").empty(), "dns and the network mode");
  refuse(!host.array("ExtraHosts").empty(), "custom host-to-IP mapping and the network mode");
  refuse(
      !host.array("Links").empty(),
      "container type network can't be used with links. This would result in undefined behavior");
  refuse(host.boolean("PublishAllPorts"), "port publishing and the container type network mode");
}

struct Donor {
  std::string id;
  std::string name;
  pid_t pid = 0;
  Status status = Status::created;
};

Donor find_donor(const std::string& id, const ContainerTable* containers) {
  if (!containers) throw not_found("No such container: " + id);
  const ContainerPtr container = containers->find(id);
  const std::scoped_lock lock(container->mutex);
  return {.id = container->record.id,
          .name = container->record.name,
          .pid = container->state.pid,
          .status = container->state.status};
}

ApiError not_running(const Mode& mode, const Donor& donor) {
  if (mode.kind == "network") {
    return conflict("cannot join network namespace of a non running container: container " +
                    donor.name + " is " + std::string(to_string(donor.status)));
  }
  return conflict("failed to join " + std::string(mode.docker) + " namespace: container " +
                  donor.id + " is not running");
}

/// The path in /proc that a spec names is opened by the shim a few milliseconds later: donor_annotations() say what it is
/// to find there.
Donor running_donor(const Mode& mode, const std::string& id, const ContainerTable* containers) {
  Donor donor = find_donor(id, containers);
  const bool runs = donor.status == Status::running || donor.status == Status::paused;
  if (!runs || donor.pid <= 0) throw not_running(mode, donor);
  return donor;
}

/// Its IPC namespace is its own business unless it was created to be shared.
void refuse_private_ipc(const std::string& id, const ContainerTable* containers) {
  const ContainerPtr donor = containers->find(id);
  const std::string mode = mode_of(donor->record.host_config, "IpcMode");
  if (mode == "shareable" || mode == "host" || donor_of(mode)) return;
  throw bad_request("failed to join IPC namespace: container " + id +
                    ": non-shareable IPC (hint: use IpcMode:shareable for the donor container)");
}

std::string path_in_proc(pid_t pid, const std::string& rest) {
  return "/proc/" + std::to_string(pid) + "/" + rest;
}

/// True if the pid was the donor's until now: its shim says so, and has not taken its end.
bool still_runs(const Donor& donor, const std::string& exec_root) {
  try {
    const json state = ShimClient(exec_root, donor.id).state();
    return state.at("Status") == "running" && state.at("Pid") == donor.pid;
  } catch (const std::exception&) {  // the shim has gone with it
    return false;
  }
}

const Mode& mode_named(std::string_view field) {
  return *std::ranges::find(kModes, field, &Mode::field);
}

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> text{};
  ::gethostname(text.data(), text.size() - 1);
  return text.data();
}

}  // namespace

std::vector<std::string_view> sharing_fields() {
  std::vector<std::string_view> fields = {"UsernsMode"};
  for (const Mode& mode : kModes) fields.push_back(mode.field);
  return fields;
}

bool shares_with_host(const json& host_config, std::string_view field) {
  return mode_of(host_config, field) == "host";
}

void check_sharing(CreateRequest& request, const ContainerTable* containers) {
  for (const Mode& mode : kModes) check_mode(request.host_config, mode, containers);
  const JsonFields config(request.config);
  const JsonFields host(request.host_config, "HostConfig");
  if (shares_with_host(request.host_config, "UTSMode") && !config.text("Hostname").empty()) {
    throw bad_request("conflicting options: hostname and the UTS mode");
  }
  check_shared_network(config, host);
  const std::string users = host.text("UsernsMode");
  if (!users.empty() && users != "host") {
    throw bad_request("HostConfig.UsernsMode: invalid USER mode: " + users);
  }
}

json namespaces_section(const ContainerRecord& record, const ContainerTable* containers) {
  json namespaces = json::array({{{"type", "mount"}}});
  for (const Mode& mode : kModes) {
    const std::string value = mode_of(record.host_config, mode.field);
    if (value == "host") continue;
    json entry = {{"type", mode.kind}};
    if (const auto donor = donor_of(value)) {
      const pid_t pid = running_donor(mode, *donor, containers).pid;
      if (mode.kind == "ipc") refuse_private_ipc(*donor, containers);
      entry["path"] = path_in_proc(pid, "ns/" + std::string(mode.proc));
    }
    namespaces.push_back(std::move(entry));
  }
  return namespaces;
}

json donor_annotations(const ContainerRecord& record, const ContainerTable* containers,
                       const std::string& exec_root) {
  json notes = json::object();
  for (const Mode& mode : kModes) {
    const auto id = donor_of(mode_of(record.host_config, mode.field));
    if (!id) continue;
    const Donor donor = running_donor(mode, *id, containers);
    const auto note = [&](std::string_view kind, std::string_view proc) {
      const std::string path = path_in_proc(donor.pid, "ns/" + std::string(proc));
      notes[std::string(kDonorAnnotation) + std::string(kind)] = namespace_name(path);
    };
    try {
      note(mode.kind, mode.proc);
      if (mode.kind == "ipc") note("mount", "mnt");
    } catch (const SysError&) {
      throw not_running(mode, donor);
    }
    if (!still_runs(donor, exec_root)) throw not_running(mode, donor);  // after the look
  }
  return notes;
}

json shm_mount(const ContainerRecord& record, const ContainerTable* containers) {
  const JsonFields host(record.host_config, "HostConfig");
  const std::string mode = host.text("IpcMode");
  if (mode == "none") return nullptr;
  if (mode == "host") return bind_of_shm("/dev/shm");
  if (const auto donor = donor_of(mode)) {
    const pid_t pid = running_donor(mode_named("IpcMode"), *donor, containers).pid;
    return bind_of_shm(path_in_proc(pid, "root/dev/shm"));
  }
  return own_shm(host.integer("ShmSize", kDefaultShmSize));
}

std::string hostname_of(const ContainerRecord& record, const ContainerTable* containers) {
  const std::string name = JsonFields(record.config).text("Hostname");
  if (!name.empty()) return name;
  // Programs look up their own name in the network that they see.
  const std::string network = mode_of(record.host_config, "NetworkMode");
  if (network == "host" || shares_with_host(record.host_config, "UTSMode")) return host_name();
  const auto donor = donor_of(network);
  const ContainerPtr other = donor && containers ? containers->maybe_find(*donor) : nullptr;
  return other ? hostname_of(other->record, containers) : record.id.substr(0, 12);
}

}  // namespace slipway
