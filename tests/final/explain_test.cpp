/// \file
/// `--explain` tells what was done, and nothing else: its system calls are compared with what strace(1) sees.

#include <signal.h>

#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "claims.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

/// strace on a process and all that it begets, each into a file of its own.
class Watch {
 public:
  Watch(const std::vector<pid_t>& pids, const fs::path& prefix)
      : prefix_(prefix), strace_(line_for(pids, prefix)) {
    for (const pid_t pid : pids) {
      REQUIRE(strace_.wait_for_output("Process " + std::to_string(pid) + " attached"));
    }
  }

  SeenCalls finish() {
    strace_.signal(SIGINT);
    strace_.finish();
    SeenCalls seen;
    const std::string name = prefix_.filename().string() + ".";
    for (const auto& entry : fs::directory_iterator(prefix_.parent_path())) {
      const std::string file = entry.path().filename();
      if (!file.starts_with(name)) continue;
      const pid_t pid = std::stoi(file.substr(name.size()));
      seen[pid] = parse_strace(read_text(entry.path()), pid);
    }
    return seen;
  }

 private:
  static std::vector<std::string> line_for(const std::vector<pid_t>& pids, const fs::path& prefix) {
    std::vector<std::string> line{"strace", "-ff", "-ttt", "-y", "-s", "4096", "-o", prefix};
    for (const pid_t pid : pids) line.insert(line.end(), {"-p", std::to_string(pid)});
    return line;
  }

  fs::path prefix_;
  RunningCommand strace_;
};

/// The line of JSON that `--explain=json` ends with.
std::vector<TraceStep> story_in(const std::string& output) {
  const std::size_t at = output.rfind("[{\"");
  return at == std::string::npos ? std::vector<TraceStep>() : steps_from_text(output.substr(at));
}

/// What the story of this command claims and strace did not see.
struct Comparison {
  CommandResult command;
  std::vector<TraceStep> story;
  std::vector<std::string> complaints;
};

/// \param shim  of a container that runs already
Comparison compare(TestEngine& engine, const std::vector<std::string>& arguments, pid_t shim = 0) {
  TempFolder folder;
  REQUIRE(
      eventually([&] { return engine.supervisor_pid().has_value(); }, std::chrono::seconds(10)));
  Watch on_engine({engine.pid()}, folder.path() / "engine");
  std::vector<pid_t> others{*engine.supervisor_pid()};
  if (shim != 0) others.push_back(shim);
  Watch on_supervisor(others, folder.path() / "supervisor");
  Comparison result{.command = engine.slipway(arguments), .story = {}, .complaints = {}};
  const SeenCalls engine_calls = on_engine.finish();
  result.story = story_in(result.command.err);
  result.complaints =
      false_claims(result.story, sort_by_box(engine_calls, on_supervisor.finish(), shim));
  return result;
}

std::set<std::string> boxes_in(const std::vector<TraceStep>& story) {
  std::set<std::string> boxes;
  for (const TraceStep& step : story) boxes.insert(step.box);
  return boxes;
}

}  // namespace

TEST_CASE("the system calls that `run --explain` claims are those that strace sees",
          "[final][explain]") {
  if (!needs("strace")) return;
  TestEngine engine;
  const auto flags =
      GENERATE(std::vector<std::string>{"--rm"},
               std::vector<std::string>{"--name", random_name(), "--user", "1000", "--read-only",
                                        "--workdir", "/new/folder", "--ulimit", "nofile=64",
                                        "--sysctl", "net.ipv4.ip_forward=1", "--tmpfs", "/run"});
  std::vector<std::string> line{"run", "--explain=json"};
  line.insert(line.end(), flags.begin(), flags.end());
  line.insert(line.end(), {"busybox", "true"});
  const Comparison found = compare(engine, line);
  INFO(found.command);
  CHECK(found.command.status == 0);
  CHECK(boxes_in(found.story) ==
        std::set<std::string>{"cli", "engine", "supervisor", "shim", "container"});
  CHECK(count_claims(found.story) > 40);
  CHECK(found.complaints == std::vector<std::string>());
}

TEST_CASE("so are those of exec, stop and rm", "[final][explain]") {
  if (!needs("strace")) return;
  TestEngine engine;
  const auto name = random_name();
  REQUIRE(engine
              .slipway({"run", "-d", "--name", name, "--restart", "on-failure", "busybox", "sleep",
                        "100"})
              .status == 0);
  const std::string id = engine.http("GET", "/containers/" + name + "/json").json().at("Id");
  const pid_t shim =
      TestEngine::http_at(engine.supervisor_socket(), "GET", "/tasks/" + id).json().at("ShimPid");
  for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{
           {"exec", "--explain=json", "--user", "1000", name, "true"},
           {"stop", "--explain=json", "--timeout", "0", name},
           {"rm", "--explain=json", name}}) {
    const Comparison found = compare(engine, line, line[0] == "rm" ? 0 : shim);
    INFO(found.command);
    CHECK(found.command.status == 0);
    CHECK(count_claims(found.story) > 1);
    CHECK(found.complaints == std::vector<std::string>());
  }
}

TEST_CASE("a claim that is not true is found out", "[final][explain]") {
  const std::string engine_text =
      "1.0 rename(\"/d/record.json.tmp\", \"/d/record.json\") = 0\n"
      "1.1 sendto(9<socket:[1]>, \"x\", 1, 0, NULL, 0) = 1\n";
  const std::string supervisor_text =
      "1.2 clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}, 88) = 20\n"
      "1.9 +++ exited with 0 +++\n";
  const std::string shim_text =
      "1.3 execve(\"/proc/self/fd/5\", [\"/b/slipway-shim\", \"/t\"], 0x1 /* 2 vars */) = 0\n"
      "1.4 clone3({flags=CLONE_PIDFD|CLONE_NEWNS|CLONE_NEWPID}, 88) = 30\n";
  const std::string container_text =
      "1.5 sethostname(\"web\", 3) = 0\n"
      "1.6 move_mount(4</>, \"\", 5</tmp/root/proc/bus>, \"\", MOVE_MOUNT_F_EMPTY_PATH) = 0\n"
      "1.7 mknodat(5</tmp/root/dev>, \"null\", S_IFCHR|0666, makedev(0x1, 0x3)) = 0\n"
      "--- SIGCHLD {si_signo=SIGCHLD} ---\n"
      "1.75 chdir(\"/nowhere\") = -1 ENOENT (No such file or directory)\n"
      "1.8 execve(\"/bin/true\", [\"true\"], 0x1 /* 1 var */) = 0\n";
  const auto seen =
      sort_by_box({{10, parse_strace(engine_text, 10)}}, {{15, parse_strace(supervisor_text, 15)},
                                                          {20, parse_strace(shim_text, 20)},
                                                          {30, parse_strace(container_text, 30)}});
  std::int64_t time = 0;
  const auto step = [&](const char* box, const char* call, const char* arguments) {
    return TraceStep{.box = box,
                     .stage = "03",
                     .name = "step",
                     .call = call,
                     .arguments = arguments,
                     .result = "ok",
                     .start_us = ++time};
  };
  const auto complaints = [&](std::vector<TraceStep> story) { return false_claims(story, seen); };

  CHECK(complaints({step("cli", "poll", "stdin"), step("engine", "POST", "/start"),
                    step("engine", "rename", "/d/record.json"), step("engine", "module images", ""),
                    step("supervisor", "posix_spawn", "slipway-shim /t"),
                    step("shim", "clone3", "CLONE_PIDFD|CLONE_NEWNS|CLONE_NEWPID"),
                    step("container", "sethostname", "web"),
                    step("container", "move_mount", "/proc/bus: nothing"),
                    step("container", "mknodat", "{null} in /dev"),
                    step("container", "execve", "[\"true\"]")})
            .empty());

  // Each of these is one lie: a call that was not made, another argument, another box, another order.
  const std::vector<std::vector<TraceStep>> lies = {
      {step("container", "setdomainname", "web")},
      {step("container", "chdir", "/nowhere")},
      {step("container", "sethostname", "we")},
      {step("container", "move_mount", "/proc: proc nosuid")},
      {step("container", "mknodat", "{null,zero} in /dev")},
      {step("shim", "sethostname", "web")},
      {step("shim", "clone3", "CLONE_PIDFD|CLONE_NEWNET")},
      {step("supervisor", "posix_spawn", "slipway-unpack")},
      {step("container", "sethostname, setdomainname", "web")},
      {step("container", "mknodat", "null"), step("container", "sethostname", "web")},
      {step("container", "sethostname", "web"), step("container", "sethostname", "web")}};
  for (const auto& story : lies) {
    CAPTURE(story.back().call, story.back().arguments);
    const auto found = complaints(story);
    REQUIRE(found.size() == 1);
    CHECK_THAT(found[0], Contains("[03 step] claims "));
  }
}
