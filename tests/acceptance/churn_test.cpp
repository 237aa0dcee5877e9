// Many containers, one after another and side by side: the harness checks that nothing is left.

#include <filesystem>
#include <thread>

#include "clients.hpp"

using namespace slipway::test;

namespace {

std::size_t descriptors_of(pid_t pid) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("200 runs one after another leave nothing", "[acceptance][churn]") {
  TestEngine engine;
  REQUIRE(engine.slipway({"run", "--rm", "busybox", "true"}).status == 0);
  const std::size_t before = descriptors_of(engine.pid());
  const std::size_t supervisor_before = descriptors_of(*engine.supervisor_pid());
  for (int i = 0; i < 200; ++i) {
    const auto result =
        engine.slipway({"run", "--rm", "busybox", "sh", "-c", "exit " + std::to_string(i % 100)});
    if (result.status != i % 100) {
      INFO(result);
      REQUIRE(result.status == i % 100);
    }
  }
  CHECK(line_of(engine.slipway({"ps", "-aq"})).empty());
  // The last end may still be on its way through the boxes.
  const auto within = std::chrono::seconds(5);
  CHECK(eventually([&] { return descriptors_of(engine.pid()) <= before; }, within));
  CHECK(eventually([&] { return descriptors_of(*engine.supervisor_pid()) <= supervisor_before; },
                   within));
}

TEST_CASE("8 clients at once, 25 runs each, get their own answers", "[acceptance][churn]") {
  TestEngine engine;
  std::vector<std::vector<std::string>> wrong(8);
  std::vector<std::thread> clients;
  for (std::size_t number = 0; number < wrong.size(); ++number) {
    clients.emplace_back([&engine, &answers = wrong[number], number] {
      for (int i = 0; i < 25; ++i) {
        const std::string word = std::to_string(number) + "-" + std::to_string(i);
        // A command line of its own each: the engine object of the test is not for many threads.
        const auto result =
            run_command(engine.slipway_line({"run", "--rm", "busybox", "echo", word}));
        if (result.status != 0 || result.out != word + "\n")
          answers.push_back(result.command + ": " + result.out + result.err);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  for (const auto& answers : wrong) CHECK(answers == std::vector<std::string>());
  CHECK(line_of(engine.slipway({"ps", "-aq"})).empty());
}
