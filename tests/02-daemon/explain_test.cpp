/// \file
/// `slipway explain`, the story that is told later; and what an error says beside its message.

#include <signal.h>

#include <fstream>

#include "plain_engine.hpp"

using namespace slipway::test;
using Catch::Contains;

namespace {

std::string explain(PlainEngine& engine, const std::string& name,
                    const std::vector<std::string>& flags = {}) {
  std::vector<std::string> line{"explain"};
  line.insert(line.end(), flags.begin(), flags.end());
  line.push_back(name);
  const CommandResult told = engine.slipway(line);
  INFO(told);
  REQUIRE(told.status == 0);
  return told.out;
}

}  // namespace

TEST_CASE("explain: what was done for a start, by whom, and what became of it",
          "[02][explain][engine]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.create({{"Image", "host"}, {"Cmd", {"sh", "-c", "exit 3"}}}, name);
  CHECK_THAT(explain(engine, name),
             Contains("from host: sh -c 'exit 3'") && Contains("It has not been started yet."));
  REQUIRE(engine.slipway({"start", name}).status == 0);
  CHECK(engine.wait(name) == "3\n");
  engine.kill_engine();  // the story is in a file
  engine.start();
  const std::string story = explain(engine, name);
  CHECK_THAT(story, Contains("supervisor: posix_spawn slipway-shim") && Contains("shim: clone3") &&
                        Contains("container: setsid") &&
                        Contains("container: execve [\"sh\", \"-c\", \"exit 3\"]"));
  CHECK_THAT(story, Contains("exit code 3.") && Contains("slipway logs " + name) &&
                        !Contains("$ exec sh"));
  CHECK_THAT(explain(engine, name, {"--by-hand"}),
             Contains("$ exec sh -c 'exit 3'") && Contains("$ cd /") &&
                 Contains("$ curl --unix-socket " + engine.supervisor_socket().string()));
  CHECK(engine.slipway({"rm", name}).status == 0);
  CHECK(engine.slipway({"explain", name}).status == 1);
}

TEST_CASE("explain: whose signal it was is on record", "[02][explain][engine]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "exec sleep 100");
  CHECK_THAT(explain(engine, name), Contains("It runs since "));
  CHECK(engine.slipway({"kill", name}).status == 0);
  CHECK_THAT(explain(engine, name), Contains("128 + 9: SIGKILL") && Contains("A client had asked"));
  CHECK(engine.slipway({"start", name}).status == 0);
  CHECK_THAT(explain(engine, name), Contains("The run before ended at "));
  ::kill(engine.container_pid(name), SIGKILL);
  CHECK(engine.wait(name) == "137\n");
  CHECK_THAT(explain(engine, name),
             Contains("128 + 9: SIGKILL") && Contains("No client had asked"));
  CHECK(engine.slipway({"rm", name}).status == 0);
}

TEST_CASE("explain: a policy's starts are counted, and the run before is told of",
          "[02][explain][engine]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "exit 4", {"--restart", "on-failure:1"});
  REQUIRE(eventually(
      [&] {
        return engine.inspect(name).at("RestartCount") == 1 && engine.status(name) == "exited";
      },
      std::chrono::seconds(20)));
  CHECK_THAT(explain(engine, name),
             Contains("Its restart policy (on-failure:1) has started it once"));
  CHECK(engine.slipway({"rm", name}).status == 0);
}

TEST_CASE("a container that removes itself keeps no story on disk, and has one while it runs",
          "[02][explain][engine]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "exec sleep 100", {"--rm"});
  const std::string id = engine.inspect(name).at("Id");
  CHECK_FALSE(std::filesystem::exists(engine.data_root() / "containers" / id / "last-start.json"));
  CHECK_THAT(explain(engine, name), Contains("keeps no story") && Contains("shim: clone3"));
  CHECK(engine.slipway({"kill", name}).status == 0);
}

TEST_CASE("a start that fails: the message is docker's, beside it the step and what to try",
          "[02][explain][engine]") {
  PlainEngine engine;
  TempFolder folder;
  const auto script = folder.path() / "script";
  write_text(script, "no first line that names an interpreter\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  struct Failure {
    std::vector<std::string> words;
    int code;
    std::string message, step, advice;
  };
  const std::vector<Failure> failures = {
      {{"host", "nosuch"}, 127, "executable file not found in $PATH", "'program'", "whole path"},
      {{"host", "/etc/passwd"}, 126, "permission denied", "'program'", "chmod +x"},
      {{"--workdir", "/no/such", "host", "true"}, 127, "chdir to cwd", "'directory'", "--workdir"},
      {{"host", script}, 125, "exec format error", "'start'", "#!/bin/sh"}};
  for (const Failure& failure : failures) {
    const auto name = random_name();
    std::vector<std::string> line{"run", "--name", name};
    line.insert(line.end(), failure.words.begin(), failure.words.end());
    const CommandResult failed = engine.slipway(line);
    INFO(failed);
    CHECK(failed.status == failure.code);
    CHECK_THAT(failed.err, Contains(failure.message) && Contains("  step " + failure.step) &&
                               Contains("  try: ") && Contains(failure.advice) &&
                               Contains("slipway explain " + name));
    CHECK_THAT(explain(engine, name), Contains("The start failed: ") && Contains(failure.message) &&
                                          Contains("step " + failure.step) && Contains("clone3"));
    // The message alone is what every client sees.
    const std::string error = engine.inspect(name).at("State").at("Error");
    CHECK_THAT(error, Contains(failure.message) && !Contains("try: "));
    CHECK(engine.slipway({"rm", name}).status == 0);
  }
}

TEST_CASE("--explain of each command of this stage has a step of each box that took part",
          "[02][explain][engine]") {
  PlainEngine engine;
  const auto name = random_name();
  const auto other = random_name();
  engine.run(name, "exec sleep 100");
  struct Told {
    std::vector<std::string> words;
    std::vector<std::string> parts;
  };
  const std::vector<Told> commands = {
      {{"create", "--name", other, "host", "true"}, {"engine: rename ", "record.json"}},
      {{"start", other}, {"shim: clone3", "container: execve [\"true\"]"}},
      {{"wait", other}, {"cli: POST", "engine: POST"}},
      {{"logs", name}, {"engine: GET"}},
      {{"ps"}, {"engine: GET"}},
      {{"inspect", name}, {"engine: GET"}},
      {{"top", name}, {"engine: GET"}},
      {{"exec", name, "true"}, {"shim: clone3", "container: execve [\"true\"]"}},
      {{"exec", "-d", name, "true"}, {"shim: clone3", "container: execve [\"true\"]"}},
      {{"rename", other, other + "-2"}, {"engine: rename "}},
      {{"kill", "-s", "CONT", name}, {"shim: pidfd_send_signal SIGCONT", "supervisor: POST"}},
      {{"restart", "-t", "0", name}, {"shim: pidfd_send_signal SIGTERM", "container: execve"}},
      {{"stop", "-t", "0", name}, {"shim: pidfd_send_signal SIGTERM", "engine: exit record"}},
      {{"rm", name, other + "-2"}, {"supervisor: unlink ", "engine: unlinkat "}}};
  for (const Told& told : commands) {
    std::vector<std::string> line{"--explain"};
    line.insert(line.end(), told.words.begin(), told.words.end());
    const CommandResult result = engine.slipway(line);
    INFO(result);
    CHECK_THAT(result.err, Contains("What the boxes did for"));
    for (const std::string& part : told.parts) CHECK_THAT(result.err, Contains(part));
  }
}
