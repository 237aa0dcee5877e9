/// \file
/// Forty rounds of kill -9 at random moments of a container's life. What was acknowledged holds,
/// what was not is absent or can be tidied up, and nothing is left.

#include <filesystem>

#include "plain_engine.hpp"

using namespace slipway::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr int kRounds = 40;

/// One round's container: says its name, lives a moment, ends with its code.
struct Voyage {
  std::string name = random_name("voyage");
  int code = 1 + static_cast<int>(Environment::get().random(100));
  std::string pause = "0.0" + std::to_string(Environment::get().random(10));

  [[nodiscard]] std::vector<std::string> line() const {
    return {"run",    "-d",
            "--name", name,
            "host",   "sh",
            "-c",     "echo " + name + "; sleep " + pause + "; exit " + std::to_string(code)};
  }
};

/// Runs a command of the CLI and kills a random choice of daemons meanwhile. \returns true if the
/// command was acknowledged
bool disturbed(PlainEngine& engine, const std::vector<std::string>& line) {
  RunningCommand command(engine.slipway_line(line));
  sleep_for(std::chrono::milliseconds(Environment::get().random(60)));
  const auto victims = 1 + Environment::get().random(3);
  engine.kill_daemons((victims & 1) != 0, (victims & 2) != 0);
  const CommandResult result = command.finish();
  if (!engine.running()) engine.start();
  return result.status == 0;
}

/// A removal may meet a daemon that has just come back; in the end it must succeed.
bool removed(PlainEngine& engine, const std::string& name) {
  return eventually(
      [&] {
        return engine.status(name) == "gone" || engine.slipway({"rm", "-f", name}).status == 0;
      },
      10s);
}

}  // namespace

TEST_CASE("forty rounds of kill -9: no exit code, no log line is lost, nothing is left",
          "[02][engine][kill-loop][attack]") {
  PlainEngine engine;
  for (int round = 0; round < kRounds; ++round) {
    const Voyage voyage;
    const std::string said = voyage.name + "\n";
    INFO("round " << round << ", " << voyage.name << ", code " << voyage.code);
    if (disturbed(engine, voyage.line())) {
      CHECK(engine.wait(voyage.name) == std::to_string(voyage.code) + "\n");
      CHECK(engine.logs(voyage.name) == said);
    } else if (engine.status(voyage.name) != "gone") {  // it was created; did it run?
      CHECK(eventually([&] { return engine.status(voyage.name) != "running"; }, 10s));
      const std::string logged = engine.logs(voyage.name);
      CHECK((logged.empty() || logged == said));
    }
    if (engine.status(voyage.name) == "gone") continue;
    if (Environment::get().random(2) == 0 && disturbed(engine, {"rm", "-f", voyage.name})) {
      CHECK(engine.status(voyage.name) == "gone");
    }
    CHECK(removed(engine, voyage.name));
  }
  engine.stop();
  engine.start();  // sweeps up what killed writers left half written
  for (const auto& folder : {engine.data_root() / "containers", engine.data_root() / "exits",
                             engine.exec_root() / "tasks"}) {
    INFO(run_command({"ls", "-l", folder}));
    CHECK(eventually([&] { return fs::is_empty(folder); }, 5s));
  }
}

TEST_CASE("stops in the storm: what is asked to stop has stopped, or runs and can be stopped",
          "[02][engine][kill-loop][attack]") {
  PlainEngine engine;
  for (int round = 0; round < 10; ++round) {
    const auto name = random_name("stop");
    engine.run(name, "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.02; done");
    CHECK(eventually([&] { return engine.logs(name) == "ready\n"; }, 10s));
    const bool stopped = disturbed(engine, {"stop", name});
    INFO("round " << round << ", stop acknowledged: " << stopped);
    if (stopped) CHECK(engine.status(name) == "exited");
    CHECK(eventually([&] { return engine.slipway({"stop", name}).status == 0; }, 10s));
    CHECK(engine.wait(name) == "7\n");
    CHECK(engine.logs(name) == "ready\nbye\n");
    CHECK(removed(engine, name));
  }
}
