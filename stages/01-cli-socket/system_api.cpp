#include "system_api.hpp"

#include <array>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>

#include "log_line.hpp"
#include "system_facts.hpp"
#include "version.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr std::string_view kNotManager =
    "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to "
    "connect this node to swarm "
    "and try again.";

//@region ping
/// The first request of every docker command. Clients choose their API version by the Api-Version
/// header, which is among the standard headers; the body says no more than "OK".
HttpResponse ping(std::string body) {
  return {.status = 200,
          .headers = {{"Builder-Version", "1"},
                      {"Swarm", "inactive"},
                      {"Cache-Control", "no-cache, no-store, must-revalidate"},
                      {"Pragma", "no-cache"},
                      {"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::move(body)};
}
//@endregion

json version_answer() {
  const SystemFacts facts = read_system_facts();
  const std::string arch = go_architecture(facts.machine);
  json answer = {{"Version", kSlipwayVersion},
                 {"ApiVersion", kApiVersion},
                 {"MinAPIVersion", kMinApiVersion},
                 {"Os", "linux"},
                 {"Arch", arch},
                 {"KernelVersion", facts.kernel},
                 {"GitCommit", ""},
                 {"GoVersion", "none (C++)"},
                 {"BuildTime", ""}};
  json details = answer;
  details.erase("Version");
  details["Experimental"] = "false";
  answer["Platform"] = {{"Name", "Slipway"}};
  answer["Components"] =
      json::array({{{"Name", "Engine"}, {"Version", kSlipwayVersion}, {"Details", details}}});
  return answer;
}

/// What the host is.
json host_info(const SystemFacts& facts) {
  return {{"ID", facts.machine_id},
          {"Name", facts.host_name},
          {"KernelVersion", facts.kernel},
          {"OperatingSystem", facts.operating_system},
          {"OSVersion", facts.os_version},
          {"OSType", "linux"},
          {"Architecture", facts.machine},
          {"NCPU", facts.processors},
          {"MemTotal", facts.memory_bytes},
          {"CgroupVersion", std::to_string(facts.cgroup_version)},
          {"IPv4Forwarding", facts.ipv4_forwarding},
          {"SystemTime", rfc3339_now()}};
}

/// What the engine is, before anybody has added to it. Clients want every key, of the right type.
json engine_info(const SystemOptions& options) {
  const json nothing = json::object();
  return {
      {"Containers", 0},
      {"ContainersRunning", 0},
      {"ContainersPaused", 0},
      {"ContainersStopped", 0},
      {"Images", 0},
      {"Driver", "none"},
      {"DriverStatus", json::array()},
      {"Plugins",
       {{"Volume", json::array()},
        {"Network", json::array()},
        {"Authorization", nullptr},
        {"Log", json::array()}}},
      {"MemoryLimit", false},
      {"SwapLimit", false},
      {"CpuCfsPeriod", false},
      {"CpuCfsQuota", false},
      {"CPUShares", false},
      {"CPUSet", false},
      {"PidsLimit", false},
      {"OomKillDisable", false},
      {"Debug", options.debug},
      {"NFd", 0},
      {"NGoroutines", 0},
      {"NEventsListener", 0},
      {"LoggingDriver", "json-file"},
      {"CDISpecDirs", json::array()},
      {"BridgeNfIptables", false},
      {"BridgeNfIp6tables", false},
      {"CgroupDriver", "none"},
      {"IndexServerAddress", "https://index.docker.io/v1/"},
      {"RegistryConfig",
       {{"IndexConfigs", nothing}, {"InsecureRegistryCIDRs", json::array()}, {"Mirrors", nullptr}}},
      {"GenericResources", nullptr},
      {"DockerRootDir", options.data_root},
      {"HttpProxy", ""},
      {"HttpsProxy", ""},
      {"NoProxy", ""},
      {"Labels", json::array()},
      {"ExperimentalBuild", false},
      {"ServerVersion", kSlipwayVersion},
      {"Runtimes", nothing},
      {"DefaultRuntime", ""},
      {"LiveRestoreEnabled", true},
      {"Isolation", ""},
      {"InitBinary", ""},
      {"ContainerdCommit", {{"ID", ""}}},
      {"RuncCommit", {{"ID", ""}}},
      {"InitCommit", {{"ID", ""}}},
      {"SecurityOptions", json::array()},
      {"Warnings", nullptr},
      {"Swarm",
       {{"NodeID", ""},
        {"NodeAddr", ""},
        {"LocalNodeState", "inactive"},
        {"ControlAvailable", false},
        {"Error", ""},
        {"RemoteManagers", nullptr}}}};
}

std::size_t count_entries(const char* folder) {
  std::error_code gone;
  const std::filesystem::directory_iterator entries(folder, gone);
  return gone ? 0 : static_cast<std::size_t>(std::distance(entries, {}));
}

json info_answer(const SystemOptions& options, const HttpRequest& request) {
  json info = engine_info(options);
  info.update(host_info(read_system_facts()));
  info["NFd"] = count_entries("/proc/self/fd");
  info["NGoroutines"] = count_entries("/proc/self/task");  // our threads
  if (options.describe) options.describe(info);
  if (api_version_below(request, "1.42")) info["KernelMemory"] = info["KernelMemoryTCP"] = false;
  if (api_version_below(request, "1.46")) info.erase("CDISpecDirs");
  if (!api_version_below(request, "1.50")) {
    info.erase("BridgeNfIptables");
    info.erase("BridgeNfIp6tables");
  }
  return info;
}

/// A handler that always gives the same refusal.
Router::Handler refuse(int status, std::string_view message) {
  return [status, text = std::string(message)](Exchange& exchange) {
    exchange.respond(error_response(status, text));
  };
}

/// Clients take these answers for "there is no swarm here", and go on.
void add_swarm_routes(Router& router) {
  for (const std::string path : {"/swarm/leave", "/swarm/unlock"}) {
    router.add("POST", path, refuse(503, "This node is not part of a swarm"));
  }
  for (const std::string path : {"/swarm/init", "/swarm/join"}) {
    router.add("POST", path, refuse(501, "swarm mode is not supported by this daemon"));
  }
  const std::array<std::string, 6> resources = {"/services", "/nodes",   "/tasks",
                                                "/secrets",  "/configs", "/swarm"};
  for (const std::string& path : resources) {
    for (const std::string method : {"GET", "POST", "DELETE"}) {
      router.add(method, path, refuse(503, kNotManager));
      router.add(method, path + "/{rest:.*}", refuse(503, kNotManager));
    }
  }
}

/// `docker inspect NAME` ends by asking for a plugin of that name.
void add_plugin_routes(Router& router) {
  router.add("GET", "/plugins",
             [](Exchange& exchange) { exchange.respond(json_response(200, json::array())); });
  router.add("GET", "/plugins/{name:.*}/json", [](Exchange& exchange) {
    exchange.respond(
        error_response(404, "plugin \"" + exchange.parameter("name") + "\" not found"));
  });
  for (const std::string method : {"POST", "DELETE"}) {
    router.add(method, "/plugins/{rest:.*}",
               refuse(501, "plugins are not supported by this daemon"));
  }
  for (const std::string path : {"/session", "/grpc"}) {
    router.add("POST", path, refuse(501, "BuildKit is not supported by this daemon"));
  }
}

}  // namespace

void add_system_routes(Router& router, SystemOptions options) {
  router.add("HEAD", "/_ping", [](Exchange& exchange) { exchange.respond(ping("")); });
  router.add("GET", "/_ping", [](Exchange& exchange) { exchange.respond(ping("OK")); });
  router.add("GET", "/version",
             [](Exchange& exchange) { exchange.respond(json_response(200, version_answer())); });
  router.add("GET", "/info", [options = std::move(options)](Exchange& exchange) {
    exchange.respond(json_response(200, info_answer(options, exchange.request())));
  });
  router.add("OPTIONS", "/{path:.*}",
             [](Exchange& exchange) { exchange.respond({.status = 200}); });
  add_swarm_routes(router);
  add_plugin_routes(router);
}

HttpHeaders standard_headers() {
  return {{"Api-Version", std::string(kApiVersion)},
          {"Docker-Experimental", "false"},
          {"Ostype", "linux"},
          {"Server", "Slipway/" + std::string(kSlipwayVersion) + " (linux)"}};
}

}  // namespace slipway
