// The same flags, typed to docker's client and to ours: what reaches the engine is the same request. The engine is only a
// recorder.

#include <mutex>
#include <nlohmann/json.hpp>

#include "01-cli-socket/local_server.hpp"

using namespace slipway;
using namespace slipway::test;
using nlohmann::json;

namespace {

/// Notes the bodies of create; all that it answers is an id.
class Recorder {
 public:
  /// Runs the client's `create` with these flags. \returns the request: {"query":…, "body":…}; null if none came
  json request_of(const std::string& client, std::vector<std::string> flags) {
    std::vector<std::string> line = {client == "docker" ? "docker" : program("slipway"), "-H",
                                     "unix://" + server_.path(), "create"};
    line.insert(line.end(), flags.begin(), flags.end());
    const std::scoped_lock running(one_at_a_time_);
    last_ = nullptr;
    result_ = run_command(line, {.environment = {"DOCKER_CLI_HINTS=false", "SLIPWAY_GIVEN=yes"}});
    return last_;
  }
  [[nodiscard]] const CommandResult& result() const { return result_; }

 private:
  void serve(Exchange& exchange) {
    const std::string& target = exchange.request().target;
    if (target.find("/_ping") != std::string::npos) {
      return exchange.respond(
          {.status = 200, .headers = {{"Api-Version", "1.50"}, {"OSType", "linux"}}, .body = "OK"});
    }
    const std::size_t query = target.find('?');
    last_ = {{"query", query == std::string::npos ? "" : percent_decode(target.substr(query))},
             {"body", json::parse(exchange.read_body())}};
    exchange.respond(
        json_response(201, {{"Id", std::string(64, 'a')}, {"Warnings", json::array()}}));
  }

  std::mutex one_at_a_time_;
  json last_;
  CommandResult result_;
  LocalServer server_{[this](Exchange& exchange) { serve(exchange); }};
};

/// Drops what asks for nothing: docker's client sends every field, ours those that somebody asked for.
json asked_for(const json& value) {
  if (value.is_object()) {
    json kept = json::object();
    for (const auto& [key, entry] : value.items()) {
      json inner = asked_for(entry);
      if (!inner.is_null()) kept[key] = std::move(inner);
    }
    return kept.empty() ? json() : kept;
  }
  if (value.is_array() && !value.empty() && value.front().is_object()) {
    json kept = json::array();
    for (const json& entry : value) kept.push_back(asked_for(entry));
    return kept;
  }
  const bool nothing = value.is_null() || value == false || value == 0 || value == "" ||
                       (value.is_array() && value.empty()) || value == json({0, 0});
  return nothing ? json() : value;
}

/// A request as both clients mean it.
json normal(json request) {
  json& body = request["body"];
  // Defaults that docker's client writes out, and the empty endpoint of the default network.
  json& host = body["HostConfig"];
  if (host.value("MemorySwappiness", 0) == -1) host.erase("MemorySwappiness");
  if (host.value("NetworkMode", "") == "default") host.erase("NetworkMode");
  if (host.contains("RestartPolicy") && host["RestartPolicy"]["Name"] == "no") {
    host.erase("RestartPolicy");
  }
  const json lists = {{"MaskedPaths", host.value("MaskedPaths", json())},
                      {"ReadonlyPaths", host.value("ReadonlyPaths", json())}};
  if (body.contains("Env") && body["Env"].is_array()) {
    std::sort(body["Env"].begin(), body["Env"].end());  // docker's comes out of a map
  }
  if (host.contains("Binds") && host["Binds"].is_array()) {
    std::sort(host["Binds"].begin(), host["Binds"].end());  // and so do these
  }
  json kept = asked_for(body);
  kept["paths"] = lists;  // an empty list is a wish there
  kept["entrypoint"] = body.value("Entrypoint", json());
  kept["maps"] = {{"Labels", body.value("Labels", json::object())},
                  {"Tmpfs", host.value("Tmpfs", json())},
                  {"Annotations", host.value("Annotations", json())}};
  return {{"query", request["query"]}, {"body", kept}};
}

}  // namespace

TEST_CASE("docker's client and ours make the same request of the same flags",
          "[acceptance][create]") {
  if (!needs("docker")) return;
  TempFolder folder;
  const std::string env = folder.path() / "env", labels = folder.path() / "labels",
                    profile = folder.path() / "profile";
  write_text(env, "# comment\nA=1\n  B=two words \nSLIPWAY_GIVEN\nSLIPWAY_MISSING\n");
  write_text(labels, "a=1\n#x\nb\n");
  write_text(profile, "{\"defaultAction\": \"x\",\n \"b\": [1, 2]}\n");
  const std::vector<std::vector<std::string>> lines = {
      {},
      {"-i"},
      {"-t"},
      {"-it"},
      {"-a", "stdin"},
      {"-a", "stdout"},
      {"-i", "-a", "stdout"},
      {"-it", "-a", "stdin"},
      {"-a", "STDOUT", "-a", "stderr"},
      {"--rm", "--name", "n", "--platform", "linux/amd64"},
      {"-h", "web", "--domainname", "d", "-u", "u:g", "-w", "/w"},
      {"--env-file", env},
      {"-e", "A=1", "-e", "B=", "-e", "SLIPWAY_GIVEN", "-e", "SLIPWAY_MISSING"},
      {"--label-file", labels},
      {"-l", "a=b=c", "-l", "d", "--label", "e="},
      {"--entrypoint", "/bin/sh"},
      {"--entrypoint="},
      {"--tmpfs", "/a", "--tmpfs", "/b:size=1m,mode=700"},
      {"--shm-size", "1g"},
      {"--shm-size", "1.5k"},
      {"--ulimit", "nofile=1:2", "--ulimit", "core=-1", "--ulimit", "nofile=3"},
      {"--sysctl", "net.a.b=1", "--sysctl", "kernel.shmmax=2"},
      {"--pid", "host", "--ipc", "host", "--uts", "host", "--userns", "host", "--cgroupns", "host"},
      {"--pid", "container:x", "--ipc", "container:y", "--network", "container:z"},
      {"--ipc", "shareable", "--cgroupns", "private"},
      {"--group-add", "1", "--group-add", "a"},
      {"--stop-signal", "INT", "--stop-timeout", "3"},
      {"--restart", "always"},
      {"--restart", "on-failure:3"},
      {"--restart", "unless-stopped"},
      {"--restart", "no", "--rm"},
      {"--restart", "on-failure:"},
      {"--oom-score-adj", "5"},
      {"--oom-score-adj=-5"},
      {"--device", "/dev/null", "--device", "/dev/a:/b", "--device", "/dev/c:/d:r", "--device",
       "/dev/e:rw"},
      {"--device-cgroup-rule", "c 1:3 rwm", "--device-cgroup-rule", "a *:* m"},
      {"--privileged"},
      {"--read-only"},
      {"--init"},
      {"--cap-add", "ALL", "--cap-drop", "chown"},
      {"--cap-add", "sys_admin", "--cap-add", "CAP_KILL", "--cap-add", "SYS_ADMIN", "--cap-drop",
       "all"},
      {"--security-opt", "no-new-privileges", "--security-opt", "seccomp=unconfined"},
      {"--security-opt", "seccomp=" + profile},
      {"--security-opt", "apparmor=a", "--security-opt", "label=disable"},
      {"--security-opt", "systempaths=unconfined"},
      {"--security-opt", "no-new-privileges:false"},
      {"--log-driver", "none"},
      {"--log-driver", "json-file", "--log-opt", "max-size=1m", "--log-opt", "max-file=2"},
      {"--annotation", "a=b=c", "--annotation", "d"},
      {"--network", "n", "--ip", "10.0.0.5", "--ip6", "fd00::5", "--link-local-ip", "169.254.0.5"},
      {"--mac-address", "02:42:ac:11:00:02"},
      {"--gpus", "all"},
      {"--gpus", "2"},
      {"--gpus", "\"device=0,1\",driver=x,\"capabilities=utility,compute\""},
      {"--storage-opt", "size=10G"},
      {"--blkio-weight", "300", "--blkio-weight-device", "/dev/sda:200"},
      {"--device-read-bps", "/dev/sda:1mb", "--device-write-bps", "/dev/sda:2k"},
      {"--device-read-iops", "/dev/sda:10", "--device-write-iops", "/dev/sda:20"},
      {"--memory-swappiness", "10"},
      {"--cpu-rt-period", "1000", "--cpu-rt-runtime", "500"},
      {"--volume-driver", "local", "--isolation", "default"},
      {"--pull", "never"},
      {"--pull", "missing", "-q"},
      {"--runtime", "runc"},
      {"--expose", "80", "--expose", "7000-7001/udp"},
      {"-p", "80:80", "-p", "127.0.0.1::53/udp", "-P"},
      {"--health-cmd", "x y", "--health-interval", "1s", "--health-retries", "2",
       "--health-timeout", "3s", "--health-start-period", "1m", "--health-start-interval", "2s"},
      {"--no-healthcheck"},
      {"-m", "1g", "--memory-swap", "-1", "--memory-reservation", "512m", "--cpus", "1.5",
       "--pids-limit", "5"},
      {"--memory-swappiness", "0"},
      {"--memory-swappiness", "60", "--oom-kill-disable"},
      {"--cpu-rt-period", "1000", "--cpu-rt-runtime", "500", "--cpu-quota", "-1"},
      {"--blkio-weight", "300", "--blkio-weight-device", "/dev/a:20", "--blkio-weight-device",
       "/dev/b:0"},
      {"--device-read-bps", "/dev/a:1mb", "--device-write-bps", "/dev/a:5", "--device-read-iops",
       "/dev/a:10", "--device-write-iops", "/dev/b:20"},
      {"-c", "5", "--cpuset-cpus", "0", "--cpuset-mems", "0", "--cgroup-parent", "/x",
       "--cpu-period", "1000"},
      {"-v", "/a:/b:ro", "-v", "vol:/c", "-v", "/d"},
      {"--volumes-from", "x"},
      {"--add-host", "a:1.2.3.4", "--dns", "1.1.1.1", "--dns-search", "x", "--dns-option", "y"},
  };
  Recorder recorder;
  for (std::vector<std::string> flags : lines) {
    for (const char* word : {"image", "sh", "-c", "--rm"}) flags.emplace_back(word);
    const json theirs = recorder.request_of("docker", flags);
    INFO(recorder.result());
    REQUIRE_FALSE(theirs.is_null());
    const json ours = recorder.request_of("slipway", flags);
    INFO(recorder.result());
    CHECK_FALSE(ours.is_null());
    if (!ours.is_null()) CHECK(normal(ours) == normal(theirs));
  }
}

TEST_CASE("what docker's client refuses, ours refuses, and asks nobody", "[acceptance][create]") {
  if (!needs("docker")) return;
  TempFolder folder;
  const std::string spaces = folder.path() / "spaces", nameless = folder.path() / "nameless",
                    bytes = folder.path() / "bytes", broken = folder.path() / "broken";
  write_text(spaces, "a b=1\n");
  write_text(nameless, "=1\n");
  write_text(bytes, "\xff=1\n");
  write_text(broken, "{");
  const auto flags = GENERATE_REF(values<std::vector<std::string>>({
      {"--ulimit", "nofile=5:2"},
      {"--ulimit", "x=1"},
      {"--ulimit", "nofile"},
      {"--ulimit", "nofile=a"},
      {"--ulimit", "nofile=1:2:3"},
      {"--device", "a:b:c:d"},
      {"--device", "/dev/a:/b:q"},
      {"--device", "x"},
      {"--device", "/a:/b:rww"},
      {"--blkio-weight-device", "/dev/a"},
      {"--blkio-weight-device", "a:20"},
      {"--blkio-weight-device", "/dev/a:5"},
      {"--device-read-bps", "/dev/a:x"},
      {"--device-read-iops", "/dev/a:1mb"},
      {"--device-cgroup-rule", "a"},
      {"--security-opt", "foo"},
      {"--security-opt", "seccomp=/no/such"},
      {"--security-opt", "seccomp=" + broken},
      {"--pid", "foo"},
      {"--pid", "container:"},
      {"--uts", "private"},
      {"--userns", "private"},
      {"--cgroupns", "foo"},
      {"--env-file", "/no/such"},
      {"--env-file", spaces},
      {"--env-file", nameless},
      {"--env-file", bytes},
      {"--label-file", spaces},
      {"--label-file", "/no/such"},
      {"-e", "=x"},
      {"-l", "=x"},
      {"--shm-size", "x"},
      {"--no-healthcheck", "--health-cmd", "x"},
      {"--health-interval", "-1s"},
      {"--health-retries", "-1"},
      {"--rm", "--restart", "always"},
      {"-a", "foo"},
      {"--restart", "on-failure:x"},
      {"--restart", "on-failure:1:2"},
      {"--restart", ":1"},
      {"--log-driver", "none", "--log-opt", "a=b"},
      {"--expose", "x"},
      {"--mount", "foo"},
      {"--gpus", "x"},
      {"--gpus", "count=1,count=2"},
      {"--gpus", "colour=blue"},
      {"--blkio-weight-device", "/dev/a"},
      {"--blkio-weight-device", "a:500"},
      {"--blkio-weight-device", "/dev/a:5"},
      {"--device-read-bps", "/dev/a:x"},
      {"--device-read-iops", "/dev/a:1k"},
      {"--pull", "sometimes"},
  }));
  Recorder recorder;
  for (const char* client : {"docker", "slipway"}) {
    std::vector<std::string> line = flags;
    line.emplace_back("image");
    const json request = recorder.request_of(client, line);
    INFO(recorder.result());
    CHECK(request.is_null());
    CHECK(recorder.result().status != 0);
  }
}
