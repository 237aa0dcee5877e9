#include "container_view.hpp"

#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/router.hpp"
#include "02-daemon/engine/log_config.hpp"
#include "02-daemon/engine/oci_spec.hpp"
#include "inspect_defaults.hpp"

namespace slipway {

using nlohmann::json;

namespace {

json state_json(const ContainerState& state) {
  const bool running = is_up(state.status);
  json view{{"Status", to_string(state.status)},
            {"Running", running},
            {"Paused", state.status == Status::paused},
            {"Restarting", state.status == Status::restarting},
            {"OOMKilled", state.oom_kills > 0},
            {"Dead", state.status == Status::dead},
            {"Pid", state.pid},
            {"ExitCode", state.exit_code},
            {"Error", state.error},
            {"StartedAt", state.started_at},
            {"FinishedAt", state.finished_at}};
  // Ours: docker's clients pass it by.
  if (!state.reason.empty()) view["Reason"] = state.reason;
  return view;
}

json network_settings(const ContainerRecord& record) {
  json settings = empty_network_settings();
  settings["Networks"] = networks_of(record);
  return settings;
}

/// Empty before the first start, as docker has it: there is no log yet.
std::string shown_log_path(const Engine& engine, const Container& container,
                           const ContainerState& state) {
  const bool started = state.started_at != ContainerState().started_at;
  const bool kept = log_driver_of(container.record.host_config) != "none";
  return started && kept ? engine.log_path(container) : "";
}

/// Below API 1.45 clients look for the short id among the aliases.
void fit_to_version(const HttpRequest& request, const ContainerRecord& record, json& view) {
  for (json& endpoint : view["NetworkSettings"]["Networks"]) {
    fit_endpoint_to_version(request, endpoint);
    json& aliases = endpoint["Aliases"];
    if (api_version_below(request, "1.45") && aliases.is_array())
      aliases.push_back(record.id.substr(0, 12));
  }
  if (!api_version_below(request, "1.42")) return;
  for (const char* name : {"KernelMemory", "KernelMemoryTCP"}) {
    if (!view["HostConfig"].contains(name)) view["HostConfig"][name] = 0;
  }
}

}  // namespace

ContainerState state_of(const Container& container) {
  const std::scoped_lock lock(container.mutex);
  return container.state;
}

std::string network_mode_of(const ContainerRecord& record) {
  const json& host_config = record.host_config;
  const auto found = host_config.find("NetworkMode");
  if (found == host_config.end() || !found->is_string() || *found == "") return "default";
  return *found;
}

json networks_of(const ContainerRecord& record) {
  json networks = json::object();
  const std::string mode = network_mode_of(record);
  if (mode == "none" || mode == "host") networks[mode] = empty_endpoint();
  return networks;
}

void fit_endpoint_to_version(const HttpRequest& request, json& endpoint) {
  if (api_version_below(request, "1.44")) endpoint.erase("DNSNames");
  if (api_version_below(request, "1.48")) endpoint.erase("GwPriority");
}

json sizes_of(const Engine& engine, const ContainerRecord& record) {
  json sizes = {{"SizeRw", 0}, {"SizeRootFs", 0}};
  for (const auto& module : engine.modules()) module->describe_size(record, sizes);
  return sizes;
}

json inspect_container(const Engine& engine, const Container& container,
                       const HttpRequest& request) {
  const ContainerRecord& record = container.record;
  const ContainerState state = state_of(container);
  const std::vector<std::string> command = command_of(record.config);
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
            {"LogPath", shown_log_path(engine, container, state)},
            {"Name", "/" + record.name},
            {"RestartCount", state.restart_count},
            {"Driver", "overlay2"},
            {"Platform", "linux"},
            {"MountLabel", ""},
            {"ProcessLabel", ""},
            {"AppArmorProfile", ""},
            {"ExecIDs", nullptr},
            {"HostConfig", full_host_config(record.host_config)},
            {"GraphDriver", {{"Name", "overlay2"}, {"Data", json::object()}}},
            {"Mounts", json::array()},
            {"Config", full_config(record.config)},
            {"NetworkSettings", network_settings(record)}};
  for (const auto& module : engine.modules()) module->describe(record, view);
  fit_to_version(request, record, view);
  if (request.query.flag("size")) view.update(sizes_of(engine, record));
  return view;
}

}  // namespace slipway
