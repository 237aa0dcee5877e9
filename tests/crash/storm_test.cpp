/// \file
/// kill -9 of everything we are made of, at random moments, under a crowd of clients. What was acknowledged holds; what was
/// not is wholly there or wholly absent; no log line and no exit code is lost or told twice; nothing is left.
///
/// A few rounds with every run of the tests; SLIPWAY_STORM_ROUNDS sets how many, and `make storm ROUNDS=300` looks for what
/// happens once in thousands of lives.

#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <thread>

#include "harness/processes.hpp"
#include "voyage.hpp"

using namespace slipway::test;

namespace {

constexpr int kSailors = 5;

int rounds() {
  const char* text = std::getenv("SLIPWAY_STORM_ROUNDS");
  return text ? std::atoi(text) : 15;
}

/// Threads that sail one voyage after another until they are told to stop.
class Fleet {
 public:
  Fleet(const TestEngine& engine, Weather weather) : engine_(engine), weather_(weather) {
    for (int i = 0; i < kSailors; ++i) {
      const std::uint64_t seed = Environment::get().random(1'000'000) * 1000;
      sailors_.emplace_back([this, seed] { sail(seed); });
    }
  }
  /// Waits until all are home. \returns what was wrong
  std::vector<std::string> call_home() {
    ending_ = true;
    for (std::thread& sailor : sailors_) sailor.join();
    sailors_.clear();
    return wrong_;
  }
  ~Fleet() { call_home(); }
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;
  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  void sail(std::uint64_t seed) {
    Api api(engine_.socket());
    while (!ending_) {
      std::vector<std::string> wrong;
      try {
        wrong = Voyage(api, tally_, weather_, ++seed).sail();
      } catch (const std::exception& error) {
        wrong = {"voyage-" + std::to_string(seed) + ": " + error.what()};
      }
      const std::scoped_lock lock(mutex_);
      wrong_.insert(wrong_.end(), wrong.begin(), wrong.end());
      if (!wrong.empty()) return;
    }
  }

  const TestEngine& engine_;
  Weather weather_;
  Tally tally_;
  std::mutex mutex_;
  std::vector<std::string> wrong_;
  std::atomic<bool> ending_ = false;
  std::vector<std::thread> sailors_;
};

bool is_shim(const Process& process) { return process.program() == "slipway-shim"; }

/// Shims only: a container's process has its shim's name until it has executed its own program.
void kill_some_shims(const TestEngine& engine) {
  const auto processes = all_processes();
  for (const auto& [pid, process] : processes) {
    const auto parent = processes.find(process.parent);
    const bool ours = is_shim(process) && (parent == processes.end() || !is_shim(parent->second)) &&
                      process.command_line.find(engine.folder().string()) != std::string::npos;
    if (ours && Environment::get().random(2) == 0) ::kill(pid, SIGKILL);
  }
}

void strike(TestEngine& engine, const Weather& weather) {
  auto& dice = Environment::get();
  sleep_for(std::chrono::milliseconds(dice.random(150)));
  const auto victims = 1 + dice.random(3);
  if ((victims & 1) != 0) engine.kill_engine();
  if ((victims & 2) != 0 && engine.supervisor_pid()) engine.kill_supervisor();
  if (weather.kills_shims) kill_some_shims(engine);
  if (!engine.running()) engine.start();
}

void storm(const Weather& weather) {
  TestEngine engine;
  Fleet fleet(engine, weather);
  for (int round = 0; round < rounds(); ++round) strike(engine, weather);
  CHECK(fleet.call_home() == std::vector<std::string>());
  std::cout << "  " << rounds() << " rounds: " << fleet.tally().text() << "\n";
  CHECK(fleet.tally().voyages > kSailors);
  CHECK(engine.http("GET", "/containers/json?all=1").body == "[]\n");
  engine.stop();
  engine.start();  // sweeps up what killed writers left half written
  for (const auto& folder : {engine.data_root() / "containers", engine.data_root() / "exits",
                             engine.exec_root() / "tasks"}) {
    INFO(run_command({"ls", "-lR", folder}));
    CHECK(eventually([&] { return std::filesystem::is_empty(folder); }, std::chrono::seconds(5)));
  }
}

}  // namespace

TEST_CASE("a storm on engine and supervisor loses nothing", "[storm][attack]") { storm({}); }

TEST_CASE("a storm on shims as well: every end is told, with its reason", "[storm][attack]") {
  storm({.kills_shims = true});
}
