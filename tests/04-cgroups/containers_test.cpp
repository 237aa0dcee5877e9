/// \file
/// Containers with limits, through stage 04's own programs: from the command line to the kernel's files and back.

#include <signal.h>
#include <unistd.h>

#include "berth.hpp"

using namespace slipway::test;
using Catch::Contains;
using nlohmann::json;

namespace {

constexpr std::chrono::seconds kPatience{20};

const std::vector<std::string> kTrap = {"/probe", "trap"};

/// What the events say of a container, oldest first.
std::string events_of(TestEngine& engine, const std::string& id) {
  return engine
      .slipway({"events", "--since", "1", "--until", "0s", "--filter", "container=" + id,
                "--format", "{{.Action}}"})
      .out;
}

bool has_ended(Berth& berth, const std::string& name) {
  return berth.inspect(name)["State"]["Status"] == "exited";
}

}  // namespace

TEST_CASE("a container has a cgroup while it runs, and none afterwards", "[04][engine]") {
  Berth berth;
  const auto before = container_cgroups(berth.engine);
  const std::string id = berth.start_with("web", {}, kTrap);
  const pid_t pid = berth.inspect("web")["State"]["Pid"];
  CHECK_THAT(read_text("/proc/" + std::to_string(pid) + "/cgroup"),
             Contains(parent_group(berth.engine) + "/" + id));
  CHECK(berth.text(id, "pids/cgroup.procs", "cgroup.procs") == std::to_string(pid));
  // In its own cgroup namespace it stands at the root.
  const auto inside =
      berth.engine.slipway({"exec", "web", "/bin/busybox", "cat", "/proc/self/cgroup"});
  INFO(inside);
  CHECK_THAT(inside.out, !Contains("slipway"));
  CHECK(berth.engine.slipway({"rm", "-f", "web"}).status == 0);
  CHECK(container_cgroups(berth.engine) == before);
}

TEST_CASE("the commands by hand make the same cgroup with the same limits",
          "[04][engine][explain]") {
  Berth berth;
  const std::string id = berth.start_with("web", {"-m", "64m", "--pids-limit", "20"}, kTrap);
  const std::string story = berth.engine.slipway({"explain", "--by-hand", "web"}).out;
  const std::size_t start = story.find("$ mkdir -p /sys/fs/cgroup");
  INFO(story);
  REQUIRE(start != std::string::npos);
  std::string line = story.substr(start + 2, story.find('\n', start) - start - 2);
  const std::string other = id + "-by-hand";
  for (std::size_t at = 0; (at = line.find(id, at)) != std::string::npos; at += other.size()) {
    line.replace(at, id.size(), other);
  }
  const CommandResult made = run_shell(line);
  INFO(made);
  CHECK(made.status == 0);
  CHECK(berth.text(other, "memory/memory.limit_in_bytes", "memory.max") == "67108864");
  CHECK(berth.text(other, "pids/pids.max", "pids.max") == "20");
  CHECK(berth.text(other, "devices/devices.list", "cgroup.type") ==
        berth.text(id, "devices/devices.list", "cgroup.type"));
  for (const std::string& folder : container_cgroups(berth.engine)) {
    if (folder.ends_with("-by-hand")) CHECK(::rmdir(folder.c_str()) == 0);
  }
  CHECK(berth.engine.slipway({"rm", "-f", "web"}).status == 0);
}

TEST_CASE("a program finds its own limits where it looks for them, and cannot change them",
          "[04][engine][attack]") {
  Berth berth;
  const std::string file = unified_host() ? "memory.max" : "memory/memory.limit_in_bytes";
  const auto seen = berth.run({"-m", "64m"}, {"/bin/busybox", "cat", "/sys/fs/cgroup/" + file});
  INFO(seen);
  CHECK(seen.out == "67108864\n");
  const auto raised = berth.run(
      {"-m", "64m"}, {"/bin/busybox", "sh", "-c", "echo 1000000000 > /sys/fs/cgroup/" + file});
  INFO(raised);
  CHECK_THAT(raised.err, Contains("Read-only file system"));
}

TEST_CASE("each limit arrives in the kernel's file", "[04][engine][limits]") {
  Berth berth;
  const std::string id =
      berth.start_with("web",
                       {"-m", "64m", "--memory-swap", "96m", "--memory-reservation", "32m",
                        "--cpus", "0.5", "-c", "2048", "--pids-limit", "50", "--cpuset-cpus", "0"},
                       kTrap);
  CHECK(berth.text(id, "memory/memory.limit_in_bytes", "memory.max") == "67108864");
  CHECK(berth.text(id, "memory/memory.soft_limit_in_bytes", "memory.low") == "33554432");
  CHECK(berth.text(id, "pids/pids.max", "pids.max") == "50");
  CHECK(berth.text(id, "cpuset/cpuset.cpus", "cpuset.cpus") == "0");
  if (unified_host()) {
    CHECK(berth.text(id, "", "cpu.max") == "50000 100000");
    CHECK(berth.text(id, "", "cpu.weight") == "79");
  } else {
    CHECK(berth.text(id, "cpu/cpu.cfs_quota_us", "") == "50000");
    CHECK(berth.text(id, "cpu/cpu.shares", "") == "2048");
  }
  const pid_t pid = berth.inspect("web")["State"]["Pid"];
  CHECK_THAT(berth.text(id, "cpuset/cgroup.procs", "cgroup.procs"), Contains(std::to_string(pid)));
}

TEST_CASE("memory that runs out kills, and all boxes tell of it", "[04][engine][oom][attack]") {
  Berth berth;
  const std::string id =
      berth.start_with("hog", {"-m", "32m"}, {"/probe", "alloc", "64", "100000"});
  REQUIRE(eventually([&] { return has_ended(berth, "hog"); }, kPatience));
  const json state = berth.inspect("hog")["State"];
  INFO(state);
  CHECK(state["OOMKilled"] == true);
  CHECK(state["ExitCode"] == 137);
  const std::string events = events_of(berth.engine, id);
  INFO(events);
  CHECK(events.find("oom\n") < events.find("die\n"));
  // Durable: an engine that was killed knows it, too.
  berth.engine.kill_engine();
  berth.engine.start();
  CHECK(berth.inspect("hog")["State"]["OOMKilled"] == true);
}

TEST_CASE("a child that is killed for memory is told of while the container goes on",
          "[04][engine][oom][attack]") {
  Berth berth;
  const std::string id = berth.start_with(
      "parent", {"-m", "32m"},
      {"/bin/busybox", "sh", "-c", "/probe alloc 64; echo survived; exec /probe trap"});
  REQUIRE(eventually([&] { return events_of(berth.engine, id).find("oom\n") != std::string::npos; },
                     kPatience));
  const json state = berth.inspect("parent")["State"];
  CHECK(state["Running"] == true);
  CHECK(state["OOMKilled"] == true);
}

TEST_CASE("a container of 20 processes survives a fork bomb, and so does the host",
          "[04][engine][attack]") {
  Berth berth;
  const std::string id = berth.start_with("bomb", {"--pids-limit", "20"}, kTrap);
  const auto bomb = berth.engine.slipway({"exec", "bomb", "/probe", "fork", "100", "200"});
  INFO(bomb);
  CHECK(bomb.status == 1);
  CHECK_THAT(bomb.out, Contains("of 100"));
  CHECK(berth.inspect("bomb")["State"]["Running"] == true);
  CHECK(berth.engine.slipway({"exec", "bomb", "/probe", "exit", "7"}).status == 7);
}

TEST_CASE("pause stops every process where it is, unpause lets them go on", "[04][engine][pause]") {
  Berth berth;
  const std::string id = berth.start_with("web", {}, {"/probe", "spin"});
  const auto used = [&] { return berth.text(id, "cpuacct/cpuacct.usage", "cpu.stat"); };
  REQUIRE(berth.engine.slipway({"pause", "web"}).out == "web\n");
  CHECK(berth.inspect("web")["State"]["Status"] == "paused");
  CHECK(berth.inspect("web")["State"]["Paused"] == true);
  const std::string frozen = used();
  const auto again = berth.engine.slipway({"pause", "web"});
  CHECK_THAT(again.err, Contains("is already paused"));
  const auto exec = berth.engine.slipway({"exec", "web", "/probe", "id"});
  CHECK_THAT(exec.err, Contains("is paused, unpause the container before exec"));
  CHECK(used() == frozen);
  REQUIRE(berth.engine.slipway({"unpause", "web"}).status == 0);
  CHECK(berth.inspect("web")["State"]["Status"] == "running");
  CHECK(eventually([&] { return used() != frozen; }, kPatience));
  CHECK_THAT(berth.engine.slipway({"unpause", "web"}).err, Contains("is not paused"));
  CHECK(events_of(berth.engine, id) == "create\nstart\npause\nunpause\n");
}

TEST_CASE("a paused container stays so without an engine, and can be ended",
          "[04][engine][pause]") {
  Berth berth;
  berth.start_with("web", {}, kTrap);
  REQUIRE(berth.engine.slipway({"pause", "web"}).status == 0);
  berth.engine.kill_engine();
  berth.engine.start();
  CHECK(berth.inspect("web")["State"]["Status"] == "paused");
  const auto how = GENERATE(as<std::vector<std::string>>{}, std::vector<std::string>{"kill", "web"},
                            std::vector<std::string>{"stop", "web"},
                            std::vector<std::string>{"rm", "-f", "web"});
  const auto ended = berth.engine.slipway(how);
  INFO(ended);
  CHECK(ended.status == 0);
  if (how.front() != "rm") CHECK(has_ended(berth, "web"));
}

TEST_CASE("update changes the kernel's files and inspect, durably", "[04][engine][update]") {
  Berth berth;
  const std::string id = berth.start_with("web", {"-m", "64m", "--memory-swap", "-1"}, kTrap);
  const auto updated =
      berth.engine.slipway({"update", "-m", "96m", "--cpus", "0.5", "--pids-limit", "30",
                            "--cpuset-cpus", "0", "--restart", "on-failure:3", "web"});
  INFO(updated);
  REQUIRE(updated.out == "web\n");
  const auto check = [&] {
    const json host = berth.inspect("web")["HostConfig"];
    CHECK(host["Memory"] == 96 * 1024 * 1024);
    CHECK(host["NanoCpus"] == 500'000'000);
    CHECK(host["PidsLimit"] == 30);
    CHECK(host["RestartPolicy"]["Name"] == "on-failure");
    CHECK(berth.text(id, "memory/memory.limit_in_bytes", "memory.max") == "100663296");
    CHECK(berth.text(id, "pids/pids.max", "pids.max") == "30");
    const std::string pid = std::to_string(berth.inspect("web")["State"]["Pid"].get<int>());
    CHECK(berth.text(id, "cpu/cgroup.procs", "cgroup.procs") == pid);
    CHECK(berth.text(id, "cpuset/cgroup.procs", "cgroup.procs") == pid);
  };
  check();
  CHECK_THAT(events_of(berth.engine, id), Contains("update\n"));
  berth.engine.kill_engine();
  berth.engine.start();
  check();
}

TEST_CASE("an update that cannot be leaves everything as it was", "[04][engine][update][attack]") {
  Berth berth;
  const std::string id =
      berth.start_with("web", {"-m", "64m", "--memory-swap", "-1", "--pids-limit", "30"},
                       {"/probe", "alloc", "40", "100000"});
  REQUIRE(eventually(
      [&] {
        return berth.engine.slipway({"logs", "web"}).out.find("holding") != std::string::npos;
      },
      kPatience));
  const auto [body, status, words] = GENERATE(table<std::string, int, std::string>({
      {R"({"Memory":1000})", 400, "Minimum memory limit allowed is 6MB"},
      {R"({"Memory":"x"})", 400, "Memory"},
      {R"({"CpusetCpus":"0-9999"})", 400, "cpuset cpus"},
      {R"({"CpusetCpus":"4000"})", 400, "Requested CPUs are not available"},
      {R"({"PidsLimit":50,"Memory":16777216})", 500, "unable to set memory limit to 16777216"},
      {R"({"RestartPolicy":{"Name":"sometimes"}})", 400, "sometimes"},
      {R"([])", 400, ""},
  }));
  INFO(body);
  const auto answer = berth.engine.http("POST", "/containers/web/update", body);
  INFO(answer);
  CHECK(answer.status == status);
  CHECK_THAT(answer.body, Contains(words));
  CHECK(berth.text(id, "memory/memory.limit_in_bytes", "memory.max") == "67108864");
  CHECK(berth.text(id, "pids/pids.max", "pids.max") == "30");
  CHECK(berth.inspect("web")["HostConfig"]["PidsLimit"] == 30);
  CHECK(berth.inspect("web")["State"]["Running"] == true);
}

TEST_CASE("stats says what the kernel's files say", "[04][engine][stats]") {
  Berth berth;
  const std::string id = berth.start_with("web", {"-m", "64m", "--pids-limit", "9"},
                                          {"/probe", "alloc", "20", "100000"});
  REQUIRE(eventually(
      [&] {
        return berth.engine.slipway({"logs", "web"}).out.find("holding") != std::string::npos;
      },
      kPatience));
  const json stats = berth.engine.http("GET", "/containers/web/stats?stream=0&one-shot=1").json();
  INFO(stats);
  const double usage = std::stod(berth.text(id, "memory/memory.usage_in_bytes", "memory.current"));
  CHECK(stats["memory_stats"]["usage"].get<double>() == Approx(usage).epsilon(0.05));
  CHECK(stats["memory_stats"]["limit"] == 64 * 1024 * 1024);
  CHECK(stats["pids_stats"] == json{{"current", 1}, {"limit", 9}});
  CHECK(stats["cpu_stats"]["cpu_usage"]["total_usage"] > 0);
  CHECK(stats["cpu_stats"]["online_cpus"] > 0);
  CHECK(stats["precpu_stats"]["cpu_usage"]["total_usage"] == 0);
  CHECK(stats["id"] == id);
  CHECK(stats["name"] == "/web");
  CHECK(stats["preread"] == "0001-01-01T00:00:00Z");
  const json rated = berth.engine.http("GET", "/containers/web/stats?stream=0").json();
  CHECK(rated["precpu_stats"]["cpu_usage"]["total_usage"] > 0);
  CHECK(rated["preread"] != "0001-01-01T00:00:00Z");
}

TEST_CASE("stats of what does not run, and requests that cannot be", "[04][engine][stats]") {
  Berth berth;
  REQUIRE(berth.engine.slipway({"create", "--name", "idle", berth.root, "/probe", "trap"}).status ==
          0);
  const json idle = berth.engine.http("GET", "/containers/idle/stats?stream=false").json();
  CHECK(idle["name"] == "/idle");
  CHECK(idle["read"] == "0001-01-01T00:00:00Z");
  CHECK(idle["memory_stats"] == json::object());
  CHECK(berth.engine.http("GET", "/containers/nosuch/stats?stream=0").status == 404);
  CHECK(berth.engine.http("GET", "/containers/idle/stats?one-shot=1").status == 400);
  CHECK(berth.engine.http("POST", "/containers/idle/pause").status == 409);
  CHECK(berth.engine.http("POST", "/containers/nosuch/pause").status == 404);
  CHECK(berth.engine.http("POST", "/containers/nosuch/update", "{}").status == 404);
  const auto table = berth.engine.slipway({"stats", "--no-stream", "idle"});
  CHECK_THAT(table.out, Contains("0.00%") && Contains("0B / 0B"));
}

TEST_CASE("stats goes on until it is left", "[04][engine][stats]") {
  Berth berth;
  berth.start_with("web", {}, kTrap);
  RunningCommand live(berth.engine.slipway_line({"stats", "--format", "{{.Name}} {{.PIDs}}"}));
  CHECK(live.wait_for_output("web 1\n\033[2J\033[Hweb 1\n"));
  live.signal(SIGINT);
  live.finish();
}

TEST_CASE("top lists what is in the cgroup, of a container without a pid namespace, too",
          "[04][engine]") {
  Berth berth;
  berth.start_with("web", {"--pid", "host"},
                   {"/bin/busybox", "sh", "-c", "(/probe trap &); exec /probe trap"});
  REQUIRE(eventually(
      [&] {
        return berth.engine.http("GET", "/containers/web/top").json()["Processes"].size() == 2;
      },
      kPatience));
  // And with the first process all others end.
  REQUIRE(berth.engine.slipway({"kill", "web"}).status == 0);
  CHECK(eventually([&] { return has_ended(berth, "web"); }, kPatience));
}

TEST_CASE("--cgroup-parent is where it is put", "[04][engine]") {
  Berth berth;
  const std::string parent = test_group();
  const std::string id = berth.start_with("web", {"--cgroup-parent", parent}, kTrap);
  const pid_t pid = berth.inspect("web")["State"]["Pid"];
  CHECK_THAT(read_text("/proc/" + std::to_string(pid) + "/cgroup"), Contains(parent + "/" + id));
  REQUIRE(berth.engine.slipway({"rm", "-f", "web"}).status == 0);
  for (const auto& tree : std::filesystem::directory_iterator("/sys/fs/cgroup")) {
    ::rmdir((tree.path().string() + parent).c_str());
  }
  ::rmdir(("/sys/fs/cgroup" + parent).c_str());
  const auto refused = berth.engine.http(
      "POST", "/containers/create",
      json({{"Image", berth.root}, {"Cmd", {"x"}}, {"HostConfig", {{"CgroupParent", "/a/../.."}}}})
          .dump());
  CHECK(refused.status == 400);
  CHECK_THAT(refused.body, Contains("HostConfig.CgroupParent"));
}

TEST_CASE("devices that were not given cannot be used, whatever nodes there are",
          "[04][engine][devices][attack]") {
  Berth berth;
  const std::string script = "PATH=/bin; /bin/busybox mknod /fuse c 10 229; exec 3< /fuse";
  CHECK_THAT(berth.run({}, {"/bin/busybox", "sh", "-c", script}).err,
             Contains("Operation not permitted"));
  const auto given = berth.run({"--device-cgroup-rule", "c 10:229 rm"},
                               {"/bin/busybox", "sh", "-c", "/bin/busybox rm /fuse; " + script});
  INFO(given);
  CHECK_THAT(given.err, !Contains("Operation not permitted"));
  CHECK(berth
            .run({}, {"/bin/busybox", "sh", "-c",
                      "echo x > /dev/null && /bin/busybox head -c1 /dev/urandom > /dev/null"})
            .status == 0);
}

TEST_CASE("kill -9 of the boxes leaves no cgroup", "[04][engine][attack]") {
  Berth berth;
  const auto before = container_cgroups(berth.engine);
  const std::string id = berth.start_with("web", {}, kTrap);
  const json task =
      TestEngine::http_at(berth.engine.supervisor_socket(), "GET", "/tasks/" + id).json();
  SECTION("the shim") {
    ::kill(task["ShimPid"].get<pid_t>(), SIGKILL);
    CHECK(eventually([&] { return container_cgroups(berth.engine) == before; }, kPatience));
    CHECK(has_ended(berth, "web"));
  }
  SECTION("all of them") {
    berth.engine.kill_engine();
    berth.engine.kill_supervisor();
    ::kill(task["ShimPid"].get<pid_t>(), SIGKILL);
    berth.engine.start();
    CHECK(eventually([&] { return container_cgroups(berth.engine) == before; }, kPatience));
    CHECK(has_ended(berth, "web"));
  }
}

TEST_CASE("a start that fails leaves no cgroup", "[04][engine]") {
  Berth berth;
  const auto before = container_cgroups(berth.engine);
  CHECK(berth.run({"-m", "64m"}, {"/nosuch"}).status == 127);
  CHECK(container_cgroups(berth.engine) == before);
}
