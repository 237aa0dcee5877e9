/// \file
/// The commands on the stage's page do what the page says.

#include "harness/harness.hpp"

using namespace slipway::test;
using Catch::Contains;

TEST_CASE("the runnable blocks of lesson 01 run, in order", "[lesson]") {
  const std::filesystem::path project = Environment::get().build.parent_path();
  const auto script = run_command({"python3", project / "scripts/lesson_check.py", "--script",
                                   project / "stages/01-cli-socket"});
  INFO(script);
  REQUIRE(script.status == 0);
  const auto lesson = run_command({"bash", "-euc", script.out}, {.folder = project});
  INFO(lesson);
  CHECK(lesson.status == 0);
  CHECK_THAT(lesson.out, Contains("\"ApiVersion\":\"1.50\"") && Contains("Api-Version: 1.50"));
  CHECK_THAT(lesson.out, Contains("{\"message\":\"page not found\"}"));
  CHECK_THAT(lesson.out, Contains("{\"message\":\"malformed HTTP request"));
  CHECK_THAT(lesson.out, Contains("curl gave up: 28"));  // its code for "timed out"
  CHECK_THAT(lesson.out, Contains("ValueError: not enough values to unpack"));
  CHECK_THAT(lesson.out, Contains("slipwayd ended with 0"));
}
