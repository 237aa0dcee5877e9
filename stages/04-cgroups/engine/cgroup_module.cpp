#include "cgroup_module.hpp"

#include <algorithm>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "02-daemon/engine/containers.hpp"
#include "02-daemon/engine/engine.hpp"
#include "04-cgroups/kernel/cgroup_folder.hpp"
#include "device_access.hpp"
#include "limits.hpp"
#include "stats_api.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr const char* kUsualExecRoot = "/run/slipway";

void check_parent(const json& host_config) {
  const std::string parent = JsonFields(host_config, "HostConfig").text("CgroupParent");
  const bool leads_up = ("/" + parent + "/").find("/../") != std::string::npos;
  const bool odd = parent.find_first_of("\n\r\t") != std::string::npos || parent.size() > 1024;
  if (leads_up || odd) {
    throw bad_request("HostConfig.CgroupParent: \"" + parent.substr(0, 200) +
                      "\" is no path of a cgroup");
  }
}

/// The container's own cgroup, where programs look for what they may use: a Java machine sizes itself by it. Read-only, so
/// that nobody raises his own limits (CVE-2022-0492, CVE-2023-25809).
json cgroup_mounts(const Cgroup& cgroup, bool writable) {
  constexpr const char* kPlace = "/sys/fs/cgroup";
  const auto views = cgroup.views();
  json mounts = json::array();
  if (!views.contains("")) {  // one folder for each tree needs a place to stand in
    mounts.push_back({{"destination", kPlace},
                      {"type", "tmpfs"},
                      {"source", "tmpfs"},
                      {"options", {"nosuid", "noexec", "nodev", "mode=755", "size=64k"}}});
  }
  for (const auto& [name, folder] : views) {
    mounts.push_back({{"destination", name.empty() ? kPlace : kPlace + ("/" + name)},
                      {"type", "bind"},
                      {"source", folder},
                      {"options", {"bind", "nosuid", "noexec", "nodev", writable ? "rw" : "ro"}}});
  }
  return mounts;
}

/// Behind the mount of /sys, before what people mount themselves.
void add_cgroup_mounts(json mounts, json& spec) {
  json& list = spec["mounts"];
  const auto sys = std::ranges::find_if(
      list, [](const json& entry) { return entry.value("destination", "") == "/sys"; });
  if (sys != list.end()) list.insert(sys + 1, mounts.begin(), mounts.end());
}

}  // namespace

std::string engine_cgroup(const std::string& exec_root) {
  if (exec_root == kUsualExecRoot) return "/slipway";
  std::string name = exec_root;
  std::ranges::replace(name, '/', '-');
  return "/slipway" + name.substr(0, 200);
}

/// "/slipway/ID", or below the parent that was asked for: linux.cgroupsPath (04-I2).
std::string CgroupModule::path_of(const ContainerRecord& record) const {
  std::string parent = JsonFields(record.host_config, "HostConfig").text("CgroupParent");
  while (parent.ends_with('/')) parent.pop_back();
  if (parent.empty()) return parent_ + "/" + record.id;
  return (parent.starts_with('/') ? "" : "/") + parent + "/" + record.id;
}

CgroupModule::~CgroupModule() {
  if (!parent_.empty()) remove_parent(hierarchies_, parent_);
}

/// Its cgroup stands for as long as the engine does: no start has to make it.
void CgroupModule::open(const EngineServices& services) {
  containers_ = &services.containers;
  events_ = &services.events;
  parent_ = engine_cgroup(services.paths.exec_root);
  hierarchies_ = Hierarchies::find();
  try {
    for (const std::string& controller : hierarchies_.controllers()) {
      make_cgroup_folder(hierarchies_.tree_of(controller), parent_);
    }
    look_at_host();
  } catch (const std::exception& error) {
    log_line(LogLevel::warning, std::string("containers cannot be limited: ") + error.what());
  }
}

/// In version 2 only a group whose parent hands everything down has all files: one is made to look at.
void CgroupModule::look_at_host() {
  if (!hierarchies_.unified()) {
    support_ = HostSupport::look(hierarchies_, parent_);
    return;
  }
  const std::string probe = parent_ + "/probe";
  const std::unique_ptr<Cgroup> cgroup = open_cgroup(hierarchies_, probe);
  cgroup->make({});
  support_ = HostSupport::look(hierarchies_, probe);
  cgroup->remove();
}

void CgroupModule::add_routes(Router& router) {
  router.add("POST", "/containers/{id}/pause", [this](Exchange& exchange) {
    pause(exchange.parameter("id"));
    exchange.respond({.status = 204});
  });
  router.add("POST", "/containers/{id}/unpause", [this](Exchange& exchange) {
    unpause(exchange.parameter("id"));
    exchange.respond({.status = 204});
  });
  router.add("GET", "/containers/{id}/stats",
             [this](Exchange& exchange) { serve_stats(exchange, *containers_, *this); });
}

std::vector<std::string_view> CgroupModule::host_config_fields() const {
  std::vector<std::string_view> fields = limit_fields();
  fields.emplace_back("CgroupParent");
  fields.emplace_back("DeviceCgroupRules");
  return fields;
}

void CgroupModule::check(CreateRequest& request) {
  if (request.host_config.is_null()) request.host_config = json::object();
  check_parent(request.host_config);
  check_device_access(request.host_config);
  check_limits_of(request.host_config, support_, false, request.warnings);
}

void CgroupModule::prepare(StartContext& start) {
  const json& host_config = start.record.host_config;
  const auto step =
      start.trace.begin("04", "limits", "the spec:", "the limits, and the path of its cgroup");
  json& linux_section = start.spec["linux"];
  linux_section["cgroupsPath"] = path_of(start.record);
  linux_section["resources"] = resources_section(host_config);
  linux_section["resources"]["devices"] =
      device_access(host_config, linux_section.value("devices", json::array()));
  const bool privileged = JsonFields(host_config, "HostConfig").boolean("Privileged");
  add_cgroup_mounts(cgroup_mounts(*cgroup_of(start.record), privileged), start.spec);
}

void CgroupModule::check_update(const json& changes, json& host_config,
                                std::vector<std::string>& warnings) {
  json wanted = changes;
  check_limits_of(wanted, support_, true, warnings);
  merge_limits(wanted, host_config);
}

void CgroupModule::update(const ContainerRecord& record, const json& host_config) {
  try {
    cgroup_of(record)->change(
        resources_of({{"linux", {{"resources", resources_section(host_config)}}}}));
  } catch (const ApiError&) {
    throw;
  } catch (const std::exception& error) {
    throw ApiError(500, "Cannot update container " + record.id + ": " + error.what());
  }
}

std::unique_ptr<Cgroup> CgroupModule::cgroup_of(const ContainerRecord& record) const {
  return open_cgroup(hierarchies_, path_of(record));
}

bool CgroupModule::is_paused(const ContainerRecord& record) const noexcept {
  try {
    return cgroup_of(record)->frozen();
  } catch (const std::exception&) {  // no cgroup: then nothing can be frozen
    return false;
  }
}

void CgroupModule::resume(const ContainerRecord& record) noexcept {
  try {
    cgroup_of(record)->thaw();
  } catch (const std::exception& error) {  // it has ended meanwhile
    log_line(LogLevel::info, "container " + record.id + ": " + error.what());
  }
}

std::vector<pid_t> CgroupModule::processes(const ContainerRecord& record) const {
  return cgroup_of(record)->processes();
}

void CgroupModule::release(const ContainerRecord& record) noexcept {
  try {
    cgroup_of(record)->remove();
  } catch (const std::exception& error) {
    log_line(LogLevel::error, "the cgroup of container " + record.id + ": " + error.what());
  }
}

void CgroupModule::describe_system(json& info) const { describe_support(support_, info); }

/// Others wait meanwhile, but for those who only look: a process that waits for a disk takes its time to stop.
void CgroupModule::change_state(const std::string& reference, bool to_paused) {
  const ContainerPtr container = containers_->find(reference);
  ContainerState& state = container->state;
  {
    std::unique_lock lock(container->mutex);
    wait_until_settled(*container, lock);
    require_allowed(to_paused ? Request::pause : Request::unpause, *container, reference);
    state.updating = true;
  }
  std::string failure;
  try {
    const std::unique_ptr<Cgroup> cgroup = cgroup_of(container->record);
    to_paused ? cgroup->freeze() : cgroup->thaw();
  } catch (const std::exception& error) {
    failure = error.what();
  }
  {
    const std::scoped_lock lock(container->mutex);
    state.updating = false;
    if (failure.empty() && (state.status == Status::running || state.status == Status::paused)) {
      state.status = to_paused ? Status::paused : Status::running;
    }
    container->changed.notify_all();
  }
  const std::string verb = to_paused ? "pause" : "unpause";
  if (!failure.empty()) {
    throw ApiError(500, "Cannot " + verb + " container " + reference + ": " + failure);
  }
  events_->publish(*container, verb);
}

void CgroupModule::pause(const std::string& reference) { change_state(reference, true); }

void CgroupModule::unpause(const std::string& reference) { change_state(reference, false); }

}  // namespace slipway
