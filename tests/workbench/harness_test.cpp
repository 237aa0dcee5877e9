/// \file
/// The harness watches all other tests, so here somebody watches the harness.

#include <signal.h>

#include <algorithm>

#include "harness/harness.hpp"
#include "harness/leak_check.hpp"

using namespace slipway::test;
using namespace std::chrono_literals;

TEST_CASE("a command's status, output and command line are kept apart", "[harness]") {
  const auto result = run_command({"sh", "-c", "echo out; echo err >&2; exit 3"});
  CHECK(result.status == 3);
  CHECK(result.out == "out\n");
  CHECK(result.err == "err\n");
  CHECK(result.command == "sh -c 'echo out; echo err >&2; exit 3'");
}

TEST_CASE("a command gets its input, its environment and its folder", "[harness]") {
  CHECK(run_command({"cat"}, {.input = "hello"}).out == "hello");
  CHECK(run_command({"sh", "-c", "echo $COLOUR"}, {.environment = {"COLOUR=blue"}}).out ==
        "blue\n");
  CHECK(run_command({"pwd"}, {.folder = "/usr"}).out == "/usr\n");
}

TEST_CASE("a command without a program says which one is missing", "[harness]") {
  CHECK_THROWS_WITH(run_command({"no-such-program-here"}), Catch::Contains("no-such-program-here"));
}

TEST_CASE("large input and output do not block each other", "[harness]") {
  const std::string text(3'000'000, 'x');
  CHECK(run_command({"cat"}, {.input = text}).out.size() == text.size());
}

TEST_CASE("a command over its time limit is killed with its children", "[harness]") {
  const auto result = run_command({"sh", "-c", "sleep 1000 & wait"}, {.within = 0s});
  CHECK(result.timed_out);
  CHECK(result.status == 128 + SIGKILL);
}

TEST_CASE("a command's end does not wait for a child that keeps its pipe", "[harness]") {
  const MachineState before = machine_state();
  CHECK(run_command({"sh", "-c", "sleep 1000 & echo started"}).out == "started\n");
  clean_up(before);
}

TEST_CASE("a conversation with a running command", "[harness]") {
  auto cat = RunningCommand::interactive({"cat"});
  cat.write("one\n");
  CHECK(cat.wait_for_output("one\n"));
  cat.write("two\n");
  CHECK(cat.wait_for_output("two\n"));
  cat.close_input();
  CHECK(cat.finish().status == 0);
}

TEST_CASE("a command on a terminal", "[harness]") {
  auto shell = RunningCommand::interactive({"sh", "-c", "tty -s && echo yes; read x; echo got $x"},
                                           {.terminal = true});
  CHECK(shell.wait_for_output("yes"));
  shell.write("line\n");
  CHECK(shell.wait_for_output("got line"));
  CHECK(shell.finish().status == 0);
}

TEST_CASE("the leak check sees a process that detached itself, and the clean-up ends it",
          "[harness]") {
  const MachineState before = machine_state();
  run_command({"sh", "-c", "setsid sleep 1000 < /dev/null > /dev/null 2>&1 &"});
  const auto left = left_since(before, 100ms);
  REQUIRE(left.size() == 1);
  CHECK_THAT(left[0], Catch::Contains("sleep"));
  clean_up(before);
  CHECK(left_since(before).empty());
}

TEST_CASE("the leak check sees a mount, a link, a cgroup and a folder", "[harness]") {
  const MachineState before = machine_state();
  {
    const TempFolder folder;
    REQUIRE(run_command({"mount", "-t", "tmpfs", "leak", folder.path()}).status == 0);
    const auto left = left_since(before, 100ms);
    CHECK_THAT(left, Catch::VectorContains("folder: " + folder.path().string()));
    // Further options differ between kernels.
    const std::string mount = "mount: " + folder.path().string() + " (tmpfs leak rw";
    CHECK(std::any_of(left.begin(), left.end(),
                      [&](const std::string& line) { return line.starts_with(mount); }));
    REQUIRE(run_command({"umount", folder.path()}).status == 0);
  }
  CHECK(left_since(before).empty());
}

TEST_CASE("names are random, and eventually() gives up", "[harness]") {
  CHECK(random_name("a") != random_name("a"));
  CHECK(eventually([] { return true; }, 1ms));
  CHECK_FALSE(eventually([] { return false; }, 1ms));
}

TEST_CASE("an engine of the harness starts, answers, is killed, comes back and stops",
          "[harness][engine]") {
  std::filesystem::path folder;
  {
    TestEngine engine({.stage = "01"});
    folder = engine.folder();
    CHECK(engine.http("GET", "/_ping").body == "OK");
    CHECK(engine.http("GET", "/no-such-page").status == 404);
    CHECK(engine.slipway({"version"}).status == 0);
    engine.kill_engine();
    CHECK_FALSE(engine.running());
    CHECK(engine.http("GET", "/_ping").status == 0);
    engine.start();
    CHECK(engine.http("HEAD", "/_ping").headers.contains("api-version"));
    CHECK(engine.stop() == 0);
  }
  CHECK_FALSE(std::filesystem::exists(folder));
}

TEST_CASE("an engine that cannot start says why", "[harness][engine]") {
  CHECK_THROWS_WITH(TestEngine({.stage = "01", .flags = {"--no-such-flag"}}),
                    Catch::Contains("--no-such-flag"));
}
