/// \file
/// Restart policies: which ends are followed by a start, how often, and what of it survives kill -9.

#include <signal.h>

#include <algorithm>
#include <filesystem>

#include "01-cli-socket/api_error.hpp"
#include "02-daemon/engine/restart_policy.hpp"
#include "plain_engine.hpp"

using namespace slipway;
using namespace slipway::test;
using namespace std::chrono_literals;
using Catch::Contains;
using nlohmann::json;
using Kind = RestartPolicy::Kind;
using Words = std::vector<std::string>;
namespace fs = std::filesystem;

namespace {

json body(const std::string& script, const std::string& policy, int retries = 0) {
  return {{"Image", "x"},
          {"Cmd", {"sh", "-c", script}},
          {"HostConfig", {{"RestartPolicy", {{"Name", policy}, {"MaximumRetryCount", retries}}}}}};
}

void start(PlainEngine& engine, const std::string& name, const json& request) {
  engine.create(request, name);
  const auto started = engine.http("POST", "/containers/" + name + "/start");
  INFO(started);
  REQUIRE(started.status == 204);
}

int restarts(PlainEngine& engine, const std::string& name) {
  return engine.inspect(name)["RestartCount"];
}

std::string refusal(const json& host_config) {
  try {
    static_cast<void>(restart_policy_of(host_config));
  } catch (const ApiError& error) {
    return std::to_string(error.status()) + " " + error.what();
  }
  return "no refusal";
}

bool runs_again(Kind kind, int code, bool stopped, long retries = 0, int before = 0) {
  return wants_restart({.kind = kind, .retries = retries},
                       {.exit_code = code, .stopped = stopped, .restarts_before = before});
}

}  // namespace

TEST_CASE("policies are docker's", "[02][restart]") {
  CHECK(runs_again(Kind::always, 0, false));
  CHECK(runs_again(Kind::unless_stopped, 0, false));
  CHECK_FALSE(runs_again(Kind::unless_stopped, 1, true));
  CHECK_FALSE(runs_again(Kind::on_failure, 0, false));
  CHECK(runs_again(Kind::on_failure, 1, false));
  CHECK(runs_again(Kind::on_failure, 1, false, 3, 2));
  CHECK_FALSE(runs_again(Kind::on_failure, 1, false, 3, 3));
  CHECK_FALSE(runs_again(Kind::no, 1, false));
  const EndedRun stopped{.exit_code = 1, .stopped = true};
  CHECK(wants_start_with_engine({.kind = Kind::always}, stopped));
  CHECK_FALSE(wants_start_with_engine({.kind = Kind::on_failure}, stopped));
  CHECK_FALSE(wants_start_with_engine({.kind = Kind::unless_stopped}, stopped));
}

TEST_CASE("containers that wait for their restart hold no thread each", "[02][restart]") {
  PlainEngine engine;
  const auto threads = [&] {
    const fs::directory_iterator tasks("/proc/" + std::to_string(engine.pid()) + "/task");
    return std::distance(fs::begin(tasks), fs::end(tasks));
  };
  const auto idle = threads();
  const Words names = {"a1", "a2", "a3", "a4", "a5", "a6"};
  for (const std::string& name : names) start(engine, name, body("exit 1", "always"));
  const auto waits = [&](const std::string& name) {  // its pause is long by then
    return restarts(engine, name) > 4 && engine.status(name) == "restarting";
  };
  REQUIRE(eventually([&] { return std::ranges::all_of(names, waits); }, 40s));
  CHECK(eventually([&] { return threads() < idle + static_cast<long>(names.size()); }, 10s));
}

TEST_CASE("the pause doubles from 100 ms to a minute, and begins anew after a good run",
          "[02][restart]") {
  CHECK(next_pause(0ms, 0s) == 100ms);
  CHECK(next_pause(100ms, 1s) == 200ms);
  CHECK(next_pause(51200ms, 9s) == 60s);
  CHECK(next_pause(60s, 0s) == 60s);
  CHECK(next_pause(60s, 10s) == 100ms);
}

TEST_CASE("policies that cannot be are refused in docker's words", "[02][restart][attack]") {
  CHECK(refusal({{"RestartPolicy", {{"Name", "sometimes"}}}}) ==
        "400 invalid restart policy: unknown policy 'sometimes'; use one of 'no', 'always', "
        "'on-failure', or 'unless-stopped'");
  CHECK(refusal({{"RestartPolicy", {{"Name", "always"}, {"MaximumRetryCount", 1}}}}) ==
        "400 invalid restart policy: maximum retry count can only be used with 'on-failure'");
  CHECK(refusal({{"RestartPolicy", {{"Name", "no"}, {"MaximumRetryCount", -1}}}}) ==
        "400 invalid restart policy: maximum retry count can only be used with 'on-failure' and "
        "cannot be negative");
  CHECK(refusal({{"RestartPolicy", {{"Name", "on-failure"}, {"MaximumRetryCount", -1}}}}) ==
        "400 invalid restart policy: maximum retry count cannot be negative");
  CHECK(refusal({{"AutoRemove", true}, {"RestartPolicy", {{"Name", "always"}}}}) ==
        "400 can't create 'AutoRemove' container with restart policy");
  CHECK_THAT(refusal({{"RestartPolicy", "always"}}), Contains("HostConfig.RestartPolicy"));
  CHECK(refusal({{"AutoRemove", true}, {"RestartPolicy", {{"Name", "no"}}}}) == "no refusal");
}

TEST_CASE("on-failure:3 is three more tries, then it is over", "[02][restart]") {
  PlainEngine engine;
  const auto name = random_name();
  start(engine, name, body("echo try; exit 7", "on-failure", 3));
  CHECK(eventually([&] { return engine.status(name) == "exited"; }, 20s));
  CHECK(restarts(engine, name) == 3);
  CHECK(engine.inspect(name)["State"]["ExitCode"] == 7);
  CHECK(engine.logs(name) == "try\ntry\ntry\ntry\n");
  // Over is over: an engine that starts anew does not try a fifth time, and remembers.
  engine.kill_daemons(true, true);
  engine.start();
  CHECK(engine.status(name) == "exited");
  CHECK(restarts(engine, name) == 3);
  CHECK(engine.slipway({"start", name}).status == 0);  // by hand the counting begins anew
  CHECK(eventually([&] { return restarts(engine, name) == 1; }, 20s));
}

TEST_CASE("what ends well is not a failure", "[02][restart]") {
  PlainEngine engine;
  const auto name = random_name();
  start(engine, name, body("exit 0", "on-failure", 3));
  CHECK(engine.wait(name) == "0\n");
  CHECK(eventually([&] { return engine.status(name) == "exited"; }, 5s));
  CHECK(restarts(engine, name) == 0);
}

TEST_CASE("a container that is stopped or killed by hand stays down, whatever its policy",
          "[02][restart]") {
  const std::string policy = GENERATE("always", "unless-stopped", "on-failure");
  const std::string request = GENERATE("/stop?t=0", "/kill");
  PlainEngine engine;
  const auto name = random_name();
  start(engine, name, body("exec sleep 100", policy));
  CHECK(engine.http("POST", "/containers/" + name + request).status == 204);
  CHECK(engine.status(name) == "exited");
  CHECK(restarts(engine, name) == 0);
  engine.kill_daemons(true, true);
  engine.start();
  // Docker's rule: `always` means with the daemon, too.
  const std::string expected = policy == "always" ? "running" : "exited";
  CHECK(eventually([&] { return engine.status(name) == expected; }, 10s));
}

TEST_CASE("a stop ends the waiting of a container that its policy is about to start",
          "[02][restart]") {
  PlainEngine engine;
  const auto name = random_name();
  start(engine, name, body("exit 1", "unless-stopped"));
  CHECK(eventually([&] { return restarts(engine, name) > 4; }, 20s));
  CHECK(engine.http("POST", "/containers/" + name + "/stop").status == 204);
  CHECK(engine.status(name) == "exited");
  const int count = restarts(engine, name);
  engine.kill_engine();
  engine.start();
  CHECK(engine.status(name) == "exited");
  CHECK(restarts(engine, name) == count);
  CHECK(engine.slipway({"rm", name}).status == 0);
}

TEST_CASE("an end that no engine saw is followed by a restart when one comes", "[02][restart]") {
  const std::string policy = GENERATE("always", "unless-stopped", "on-failure");
  PlainEngine engine;
  const auto name = random_name();
  start(engine, name, body("exec sleep 1000", policy));
  const pid_t pid = engine.container_pid(name);
  engine.kill_daemons(true, GENERATE(true, false));
  ::kill(pid, SIGKILL);
  CHECK(eventually([&] { return !alive(pid); }, 5s));
  engine.start();
  CHECK(eventually([&] { return engine.status(name) == "running"; }, 10s));
  CHECK(restarts(engine, name) == 1);
  CHECK(engine.container_pid(name) != pid);
}

TEST_CASE("the restart count survives kill -9 of the daemons while the container runs",
          "[02][restart][recovery]") {
  PlainEngine engine;
  const auto name = random_name();
  const auto mark = engine.folder() / "crashed";
  start(
      engine, name,
      body("test -e " + mark.string() + " && exec sleep 1000; touch " + mark.string() + "; exit 1",
           "always"));
  CHECK(eventually([&] { return restarts(engine, name) == 1 && engine.status(name) == "running"; },
                   10s));
  engine.kill_daemons(true, true);
  engine.start();
  CHECK(restarts(engine, name) == 1);
  CHECK(engine.status(name) == "running");
}

TEST_CASE(
    "a signal that is not to end a container does not end its policy, over a restart of the engine "
    "either",
    "[02][restart]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name,
             "trap 'echo reload' HUP; trap 'exit 5' USR1; echo ready; while :; do sleep 0.05; done",
             {"--restart", "on-failure:1", "--stop-signal", "QUIT"});
  CHECK(eventually([&] { return engine.logs(name) == "ready\n"; }, 10s));
  CHECK(engine.slipway({"kill", "-s", "HUP", name}).status == 0);
  CHECK(eventually([&] { return engine.logs(name) == "ready\nreload\n"; }, 10s));
  engine.kill_daemons(true, false);
  engine.start();
  REQUIRE(::kill(engine.container_pid(name), SIGUSR1) == 0);  // it fails by itself
  CHECK(eventually([&] { return engine.inspect(name)["RestartCount"] == 1; }, 10s));
  CHECK(eventually([&] { return engine.status(name) == "running"; }, 10s));
}
