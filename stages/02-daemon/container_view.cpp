#include "container_view.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>

#include "01-cli-socket/json_fields.hpp"
#include "filters.hpp"
#include "human_text.hpp"
#include "log_config.hpp"
#include "oci_spec.hpp"

namespace slipway {

using nlohmann::json;

namespace {

const std::vector<std::string_view> kKnownFilters = {
    "ancestor", "before", "exited",  "expose",  "health", "id",     "is-task", "isolation",
    "label",    "name",   "network", "publish", "since",  "status", "volume"};

ContainerState state_of(const Container& container) {
  const std::scoped_lock lock(container.mutex);
  return container.state;
}

/// Seconds since the epoch of an RFC 3339 time of ours ("2025-06-01T12:00:00.…Z").
std::int64_t unix_seconds(const std::string& time) {
  std::tm parts{};
  if (!::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%S", &parts)) return 0;
  return ::timegm(&parts);
}

std::string ago(const std::string& time) {
  return human_duration(std::time(nullptr) - unix_seconds(time));
}

/// "Up 5 minutes", "Exited (0) 2 hours ago": docker's words.
std::string status_text(const ContainerState& state) {
  switch (state.status) {
    case Status::created:
      return "Created";
    case Status::running:
      return "Up " + ago(state.started_at);
    case Status::paused:
      return "Up " + ago(state.started_at) + " (Paused)";
    case Status::restarting:
      return "Restarting (" + std::to_string(state.exit_code) + ") " + ago(state.finished_at) +
             " ago";
    case Status::removing:
      return "Removal In Progress";
    case Status::dead:
      return "Dead";
    case Status::exited:
      break;
  }
  return "Exited (" + std::to_string(state.exit_code) + ") " + ago(state.finished_at) + " ago";
}

json state_json(const ContainerState& state) {
  const bool running = state.status == Status::running || state.status == Status::paused;
  return {{"Status", to_string(state.status)},
          {"Running", running},
          {"Paused", state.status == Status::paused},
          {"Restarting", state.status == Status::restarting},
          {"OOMKilled", state.oom_killed},
          {"Dead", state.status == Status::dead},
          {"Pid", state.pid},
          {"ExitCode", state.exit_code},
          {"Error", state.error},
          {"StartedAt", state.started_at},
          {"FinishedAt", state.finished_at}};
}

std::string joined_command(const json& config) {
  std::string text;
  for (const std::string& word : command_of(config))
    text.append(text.empty() ? "" : " ").append(word);
  return text;
}

json list_entry(const Engine& engine, const Container& container) {
  const ContainerRecord& record = container.record;
  const ContainerState state = state_of(container);
  const JsonFields config(record.config, "Config");
  const JsonFields host(record.host_config, "HostConfig");
  json entry{{"Id", record.id},
             {"Names", {"/" + record.name}},
             {"Image", config.text("Image")},
             {"ImageID", ""},
             {"Command", joined_command(record.config)},
             {"Created", unix_seconds(record.created)},
             {"Ports", json::array()},
             {"Labels", config.text_map("Labels")},
             {"State", to_string(state.status)},
             {"Status", status_text(state)},
             {"HostConfig", {{"NetworkMode", host.text("NetworkMode", "default")}}},
             {"NetworkSettings", {{"Networks", json::object()}}},
             {"Mounts", json::array()}};
  for (const auto& module : engine.modules()) module->describe_in_list(record, entry);
  return entry;
}

bool name_matches(const std::string& pattern, const std::string& name) {
  return matches_pattern(pattern, name) || matches_pattern(pattern, "/" + name);
}

bool passes(const Filters& filters, const Container& container, const json& entry) {
  const ContainerRecord& record = container.record;
  const ContainerState state = state_of(container);
  return filters.any("id", [&](const auto& id) {
    return record.id.starts_with(id);
  }) && filters.any("name", [&](const auto& name) {
    return name_matches(name, record.name);
  }) && filters.any("status", [&](const auto& s) {
    return s == to_string(state.status);
  }) && filters.any("ancestor", [&](const auto& image) {
    return image == entry["Image"] || image == entry["ImageID"];
  }) && filters.any("exited", [&](const auto& code) {
    return state.status == Status::exited && code == std::to_string(state.exit_code);
  }) && filters.labels_match(JsonFields(record.config, "Config").text_map("Labels"));
}

/// Containers that are younger or older than the one which a "since" or "before" filter names.
bool in_time(const Engine& engine, const Filters& filters, const Container& container) {
  const auto created = [&](const std::string& reference) {
    return engine.containers().find(reference)->record.created;
  };
  const std::string& own = container.record.created;
  return filters.any("since", [&](const auto& other) { return own > created(other); }) &&
         filters.any("before", [&](const auto& other) { return own < created(other); });
}

}  // namespace

json inspect_container(const Engine& engine, const Container& container) {
  const ContainerRecord& record = container.record;
  const ContainerState state = state_of(container);
  const std::vector<std::string> command = command_of(record.config);
  json host = record.host_config;
  if (JsonFields(host, "HostConfig").object("LogConfig").text("Type").empty()) {
    host["LogConfig"] = {{"Type", "json-file"}, {"Config", json::object()}};
  }
  json view{{"Id", record.id},
            {"Created", record.created},
            {"Path", command.empty() ? "" : command.front()},
            {"Args", std::vector<std::string>(command.empty() ? command.end() : command.begin() + 1,
                                              command.end())},
            {"State", state_json(state)},
            {"Image", ""},
            {"ResolvConfPath", ""},
            {"HostnamePath", ""},
            {"HostsPath", ""},
            {"LogPath", log_driver_of(host) == "none" ? "" : engine.log_path(container)},
            {"Name", "/" + record.name},
            {"RestartCount", 0},
            {"Driver", "overlay2"},
            {"Platform", "linux"},
            {"MountLabel", ""},
            {"ProcessLabel", ""},
            {"AppArmorProfile", ""},
            {"ExecIDs", nullptr},
            {"HostConfig", std::move(host)},
            {"Mounts", json::array()},
            {"Config", record.config},
            {"NetworkSettings", {{"Networks", json::object()}, {"Ports", json::object()}}}};
  for (const auto& module : engine.modules()) module->describe(record, view);
  return view;
}

json list_containers(const Engine& engine, const HttpQuery& query) {
  const Filters filters(query.value("filters"), kKnownFilters);
  const long limit = query.number("limit").value_or(0);
  const bool all = query.flag("all") || limit > 0 || !filters.values("status").empty() ||
                   !filters.values("exited").empty();
  json list = json::array();
  for (const ContainerPtr& container : engine.containers().all()) {
    const Status status = state_of(*container).status;
    const bool up =
        status == Status::running || status == Status::paused || status == Status::restarting;
    if ((!all && !up) || !in_time(engine, filters, *container)) continue;
    json entry = list_entry(engine, *container);
    if (!passes(filters, *container, entry)) continue;
    list.push_back(std::move(entry));
    if (limit > 0 && static_cast<long>(list.size()) == limit) break;
  }
  return list;
}

}  // namespace slipway
