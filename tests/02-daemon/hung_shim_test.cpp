/// \file
/// A shim that neither lives nor dies: stopped (SIGSTOP), as one is that waits for a dead network disk. Nothing that is not
/// known is said, its container can be removed, and everything is as before when it goes on.

#include <signal.h>

#include "plain_engine.hpp"

using namespace slipway::test;
using namespace std::chrono_literals;
using Catch::Contains;
using nlohmann::json;

namespace {

/// Stopped for as long as it lives.
class Stopped {
 public:
  explicit Stopped(pid_t pid) : pid_(pid) { REQUIRE(::kill(pid_, SIGSTOP) == 0); }
  ~Stopped() { ::kill(pid_, SIGCONT); }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;

 private:
  pid_t pid_;
};

}  // namespace

TEST_CASE(
    "daemons that come while a shim hangs do not guess, and know its container when it goes on",
    "[02][engine][recovery][attack]") {
  PlainEngine engine;
  const auto name = random_name(), other = random_name("other");
  engine.run(name, "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done");
  engine.run(other, "exec sleep 100");
  const pid_t pid = engine.container_pid(name);
  {
    const Stopped hanging(engine.shim_pid(name));
    engine.kill_daemons(true, true);
    engine.start();
    const json state = engine.inspect(name)["State"];
    INFO(state.dump(1));
    CHECK(state["Status"] == "dead");
    CHECK_THAT(state["Error"].get<std::string>(), Contains("does not answer"));
    CHECK(engine.slipway({"start", name}).status != 0);
    CHECK(engine.slipway({"rm", name}).status != 0);
    CHECK(engine.status(other) == "running");
    CHECK(alive(pid));
  }
  CHECK(eventually([&] { return engine.status(name) == "running"; }, 20s));
  CHECK(engine.container_pid(name) == pid);
  CHECK(engine.slipway({"stop", name}).status == 0);
  CHECK(engine.wait(name) == "3\n");
  CHECK(engine.logs(name) == "ready\n");
}

TEST_CASE("a shim that hung at the supervisor's start, and is killed then, has its end recorded",
          "[02][engine][recovery][attack]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "exec sleep 100");
  const pid_t shim = engine.shim_pid(name);
  {
    const Stopped hanging(shim);
    engine.kill_daemons(GENERATE(true, false), true);
    if (!engine.running()) engine.start();
    CHECK(eventually([&] { return engine.supervisor_pid().has_value(); }, 10s));
    REQUIRE(::kill(shim, SIGKILL) == 0);
  }
  CHECK(eventually([&] { return engine.status(name) == "exited"; }, 20s));
  const json state = engine.inspect(name)["State"];
  CHECK(state["ExitCode"] == 137);
  CHECK_THAT(state["Error"].get<std::string>(), Contains("shim"));
}

TEST_CASE("a container whose shim hangs can be removed by force, and its process goes",
          "[02][engine][recovery][attack]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "exec sleep 100");
  const pid_t pid = engine.container_pid(name);
  const Stopped hanging(engine.shim_pid(name));
  if (GENERATE(true, false)) {
    engine.kill_daemons(true, true);
    engine.start();
  }
  const CommandResult removed = engine.slipway({"rm", "-f", name});
  INFO(removed);
  CHECK(removed.status == 0);
  CHECK(engine.status(name) == "gone");
  CHECK(eventually([&] { return !alive(pid); }, 5s));
}
