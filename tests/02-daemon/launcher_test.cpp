/// \file
/// A launch: steps in the documented order, and their undoing when one fails (launch_step.hpp).

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/launch/launcher.hpp"
#include "02-daemon/launch/process_steps.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;
using Words = std::vector<std::string>;

namespace {

/// How a step fails.
enum class Failure { none, ours, commands };

/// Notes each of its calls in a file, which parent and child share.
class NotingStep final : public LaunchStep {
 public:
  NotingStep(std::string name, std::string diary) : name_(std::move(name)), diary_(diary) {}
  /// Fails in one phase ("prepare", "parent", "child").
  NotingStep(std::string name, std::string diary, std::string fails_in, Failure failure)
      : name_(std::move(name)), diary_(diary), fails_in_(std::move(fails_in)), failure_(failure) {}

  std::string_view name() const override { return name_; }
  std::string_view stage() const override { return "02"; }
  void prepare(LaunchContext&) override { note("prepare"); }
  void parent(LaunchContext& context) override {
    CHECK(context.pid > 0);
    note("parent");
  }
  void child(LaunchContext&) override { note("child"); }
  void undo(LaunchContext&) noexcept override { note("undo"); }

 private:
  void note(const std::string& phase) {
    const std::string line = phase + " " + name_ + "\n";
    const UniqueFd file(::open(diary_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    check(::write(file.get(), line.data(), line.size()), "write", diary_);
    if (phase != fails_in_) return;
    if (failure_ == Failure::commands) throw CommandError("the command is bad");
    throw SysError(EINVAL, "mount", "overlay on /");
  }
  std::string name_;
  std::string diary_;
  std::string fails_in_;
  Failure failure_ = Failure::none;
};

/// One launch in this process, with the container's output in a file.
struct Launch {
  TempFolder folder;
  std::string diary = folder.path() / "diary";
  std::string output = folder.path() / "output";
  nlohmann::json spec;
  Trace trace{"launch", "shim"};
  LaunchSteps steps;
  LaunchContext context;
  std::optional<Launcher> launcher;

  explicit Launch(Words args = {"/bin/true"}, const std::string& cwd = "/")
      : spec{{"process", {{"args", args}, {"cwd", cwd}}}},
        context{.spec = spec,
                .bundle = folder.path(),
                .id = "id",
                .trace = trace,
                .args = args,
                .env = {"PATH=/usr/bin:/bin", "COLOUR=blue"}} {
    context.stdio[0].reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    for (int number : {1, 2}) {
      context.stdio[number].reset(
          ::open(output.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    }
  }
  Launch& add(LaunchSteps more) {
    steps = join_steps(std::move(steps), std::move(more));
    return *this;
  }
  Launch& add(const std::string& name, const std::string& fails_in = {},
              Failure failure = Failure::ours) {
    steps.push_back(std::make_unique<NotingStep>(name, diary, fails_in, failure));
    return *this;
  }
  void create() {
    launcher.emplace(context, steps);
    launcher->create();
  }
  /// Lets it run to its end. \returns the exit code
  int run() {
    create();
    launcher->start();
    return reap();
  }
  int reap() {
    siginfo_t info{};
    check(::waitid(P_PIDFD, static_cast<id_t>(context.pidfd.get()), &info, WEXITED), "waitid");
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  }
  /// What the LaunchFailure of `create` says; prefixed by "command: " if the command is at fault.
  std::string failure() {
    try {
      create();
    } catch (const LaunchFailure& error) {
      return (error.command_error() ? "command: " : "") + std::string(error.what());
    }
    return "no failure";
  }
  [[nodiscard]] std::string story() const {
    std::string text = read_text(diary);
    for (char& c : text) c = c == '\n' ? ',' : c;
    return text;
  }
};

/// True if we have no child, neither living nor dead.
bool childless() { return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD; }

std::string status_field(const std::string& status, const std::string& name) {
  std::istringstream lines(status);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(name)) return line.substr(name.size());
  }
  return {};
}

}  // namespace

TEST_CASE("the steps of a launch run in the order that launch_step.hpp draws", "[02][launch]") {
  Launch launch;
  launch.add("a").add("b").add("c").add(process_steps());
  launch.create();
  const std::string before =
      "prepare a,prepare b,prepare c,parent a,parent b,parent c,"
      "child a,child b,child c,";
  CHECK(launch.story() == before);
  launch.launcher->start();
  CHECK(launch.reap() == 0);
  CHECK(launch.story() == before);
  launch.launcher->undo();
  CHECK(launch.story() == before + "undo c,undo b,undo a,");
  launch.launcher.reset();  // undoes once only
  CHECK(launch.story() == before + "undo c,undo b,undo a,");
}

TEST_CASE("a step that fails undoes exactly what was prepared, backwards; the child is reaped",
          "[02][launch]") {
  const auto [phase, story] = GENERATE(table<std::string, std::string>({
      {"prepare", "prepare a,prepare b,undo b,undo a,"},
      {"parent", "prepare a,prepare b,prepare c,parent a,parent b,undo c,undo b,undo a,"},
      {"child",
       "prepare a,prepare b,prepare c,parent a,parent b,parent c,child a,child b,"
       "undo c,undo b,undo a,"},
  }));
  const Failure failure = GENERATE(Failure::ours, Failure::commands);
  Launch launch;
  launch.add("a").add("b", phase, failure).add("c").add(process_steps());
  CHECK(launch.failure() == (failure == Failure::ours
                                 ? "step 'b': mount overlay on /: Invalid argument"
                                 : "command: the command is bad"));
  CHECK(launch.story() == story);
  CHECK(childless());
}

TEST_CASE("a failed step is in the trace, with its reason", "[02][launch]") {
  const std::string phase = GENERATE("prepare", "parent", "child");
  Launch launch;
  launch.add("a").add("b", phase);
  launch.failure();
  const auto steps = launch.trace.steps();
  const auto found = std::find_if(steps.begin(), steps.end(),
                                  [](const TraceStep& step) { return step.name == "b"; });
  REQUIRE(found != steps.end());
  CHECK(found->result == "mount overlay on /: Invalid argument");
  CHECK(found->arguments == "(" + phase + ")");
  CHECK(found->box == (phase == "child" ? "container" : "shim"));
}

TEST_CASE("a launcher that is dropped before its start leaves no process behind", "[02][launch]") {
  Launch launch;
  launch.add("a").add(process_steps());
  launch.create();
  launch.launcher.reset();
  CHECK(launch.reap() != 0);
  CHECK_THAT(launch.story(), Contains("undo a,"));
}

TEST_CASE("the process has its streams, environment, folder, and a session of its own",
          "[02][launch]") {
  Launch launch({"sh", "-c", "echo $COLOUR; pwd; echo oops >&2; exit 7"}, "/usr");
  launch.add(process_steps());
  CHECK(launch.run() == 7);
  CHECK(read_text(launch.output) == "blue\n/usr\noops\n");
}

TEST_CASE("no descriptor and no signal setting of ours reaches the process",
          "[02][launch][attack]") {
  sigset_t terminate, before;
  ::sigemptyset(&terminate);
  ::sigaddset(&terminate, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &terminate, &before);
  const auto hang_up = ::signal(SIGHUP, SIG_IGN);       // as nohup(1) leaves it
  const UniqueFd leaky(::open("/dev/null", O_RDONLY));  // no close-on-exec, on purpose
  Launch launch({"sh", "-c", "ls /proc/self/fd; cat /proc/self/status"});
  launch.add(process_steps());
  CHECK(launch.run() == 0);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  ::signal(SIGHUP, hang_up);
  const std::string seen = read_text(launch.output);
  CHECK_THAT(seen, Catch::StartsWith("0\n1\n2\n3\nName:"));  // 3 is the listing itself
  for (const char* field : {"SigBlk:", "SigIgn:"}) {
    CHECK(status_field(seen, field) == "\t0000000000000000");
  }
}

TEST_CASE("a command that cannot be run says so in docker's words", "[02][launch]") {
  const auto [command, message] = GENERATE(table<std::string, std::string>({
      {"no-such-program", "command: exec: \"no-such-program\": executable file not found in $PATH"},
      {"", "command: exec: \"\": executable file not found in $PATH"},
      {"/no/such/program",
       "command: exec: \"/no/such/program\": stat /no/such/program: no such file or directory"},
      {"/etc/passwd", "command: exec: \"/etc/passwd\": permission denied"},
      {"/etc", "command: exec: \"/etc\": permission denied"},
  }));
  Launch launch({command});
  launch.add(process_steps());
  CHECK(launch.failure() == message);
  CHECK(childless());
}

TEST_CASE("no command, and a working directory that is none, are the command's fault",
          "[02][launch]") {
  Launch nothing(Words{});
  CHECK(nothing.add(process_steps()).failure() == "command: no command specified");
  Launch nowhere({"true"}, "/no/such/folder");
  CHECK_THAT(nowhere.add(process_steps()).failure(),
             Catch::StartsWith("command: chdir to cwd (\"/no/such/folder\")"));
}

TEST_CASE("what execve itself refuses arrives at the start", "[02][launch]") {
  TempFolder folder;
  const std::string script = folder.path() / "script";
  write_text(script, "echo a script without its first line\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  Launch launch({script});
  launch.add("a").add(process_steps());
  launch.create();
  CHECK_THROWS_WITH(launch.launcher->start(), "exec: \"" + script + "\": exec format error");
  CHECK(launch.reap() == 127);
}

TEST_CASE("a child that dies in a step is told apart from one that reports", "[02][launch]") {
  struct Dies final : LaunchStep {
    std::string_view name() const override { return "dies"; }
    std::string_view stage() const override { return "02"; }
    void child(LaunchContext&) override { ::_exit(3); }
  };
  Launch launch;
  LaunchSteps deadly;
  deadly.push_back(std::make_unique<Dies>());
  launch.add("a").add(std::move(deadly));
  CHECK(launch.failure() == "the container's process ended before it was ready");
  CHECK(childless());
  CHECK_THAT(launch.story(), Contains("undo a,"));
}

TEST_CASE("a command is looked for in PATH as execvp does", "[02][launch]") {
  TempFolder folder;
  const std::string bin = folder.path();
  write_text(bin + "/tool", "#!/bin/sh\n");
  CHECK_THROWS_WITH(find_program("tool", {"PATH=" + bin}), "exec: \"tool\": permission denied");
  std::filesystem::permissions(bin + "/tool", std::filesystem::perms::owner_all);
  CHECK(find_program("tool", {"PATH=/no/where:" + bin + ":/bin"}) == bin + "/tool");
  CHECK(find_program(bin + "/tool", {}) == bin + "/tool");
  CHECK_THAT(find_program("sh", {}), Catch::EndsWith("/sh"));  // no PATH: the usual places
  CHECK_THROWS_WITH(find_program("tool", {"PATH="}), Contains("not found in $PATH"));
}
