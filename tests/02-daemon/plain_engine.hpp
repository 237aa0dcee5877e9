#pragma once
/// \file
/// Stage 02's programs, from outside: an engine whose containers are plain processes of the host.

#include <sys/types.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/harness.hpp"

namespace slipway::test {

/// The body of a create: a shell script of the host. \param more  other fields
inline nlohmann::json shell(const std::string& script,
                            const nlohmann::json& more = nlohmann::json::object()) {
  nlohmann::json body{{"Image", "host"}, {"Cmd", {"sh", "-c", script}}};
  body.update(more);
  return body;
}

class PlainEngine : public TestEngine {
 public:
  PlainEngine() : TestEngine({.stage = "02", .flags = {}, .images = false}) {}

  /// `slipway run -d --name NAME host sh -c SCRIPT`, which must succeed.
  void run(const std::string& name, const std::string& script,
           std::vector<std::string> flags = {}) {
    std::vector<std::string> line = {"run", "-d", "--name", name};
    line.insert(line.end(), flags.begin(), flags.end());
    line.insert(line.end(), {"host", "sh", "-c", script});
    const CommandResult started = slipway(line);
    INFO(started);
    REQUIRE(started.status == 0);
  }
  /// POST /containers/create, which must succeed. \returns the id
  std::string create(const nlohmann::json& body, const std::string& name = {}) {
    const HttpAnswer answer =
        http("POST", "/containers/create" + (name.empty() ? "" : "?name=" + name), body.dump());
    INFO(answer);
    REQUIRE(answer.status == 201);
    return answer.json().at("Id");
  }
  /// What `slipway wait` says: the exit code as text, with its line end.
  std::string wait(const std::string& name) { return slipway({"wait", name}).out; }
  std::string logs(const std::string& name) { return slipway({"logs", name}).out; }
  nlohmann::json inspect(const std::string& name) {
    const HttpAnswer answer = http("GET", "/containers/" + name + "/json");
    INFO(answer);
    REQUIRE(answer.status == 200);
    return answer.json();
  }
  /// "running", "exited" …; "gone" if there is no such container.
  std::string status(const std::string& name) {
    const HttpAnswer answer = http("GET", "/containers/" + name + "/json");
    if (answer.status == 404) return "gone";
    return answer.json().at("State").at("Status");
  }
  /// What the supervisor says of a container's task.
  nlohmann::json task(const std::string& name) {
    const std::string id = inspect(name).at("Id");
    const HttpAnswer answer = http_at(supervisor_socket(), "GET", "/tasks/" + id);
    INFO(answer);
    REQUIRE(answer.status == 200);
    return answer.json();
  }
  pid_t shim_pid(const std::string& name) { return task(name).at("ShimPid"); }
  /// The shim's door, by a name that is short enough for curl (unix(7): 107 bytes).
  std::filesystem::path shim_socket(const std::string& name) {
    const std::filesystem::path link = folder() / random_name("shim");
    std::filesystem::create_symlink(task(name).at("ShimSocket").get<std::string>(), link);
    return link;
  }
  pid_t container_pid(const std::string& name) { return inspect(name).at("State").at("Pid"); }

  /// kill -9 of the engine, its supervisor, or both.
  void kill_daemons(bool engine, bool supervisor) {
    if (engine) kill_engine();
    if (supervisor && supervisor_pid()) kill_supervisor();
  }
};

/// True while the process runs (a zombie does not).
inline bool alive(pid_t pid) {
  const std::string stat = read_text("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = stat.rfind(')');
  return name_end != std::string::npos && stat[name_end + 2] != 'Z';
}

}  // namespace slipway::test
