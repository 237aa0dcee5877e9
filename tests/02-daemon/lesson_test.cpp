/// \file
/// The commands on the stage's page do what the page says.

#include "harness/harness.hpp"

using namespace slipway::test;
using Catch::Contains;

TEST_CASE("the runnable blocks of lesson 02 run, in order", "[lesson][engine]") {
  const auto root = Environment::get().build.parent_path();
  const auto blocks = run_command(
      {"python3", root / "scripts/lesson_check.py", "--script", root / "stages/02-daemon"});
  INFO(blocks);
  REQUIRE(blocks.status == 0);
  const auto lesson = run_command({"bash", "-euc", blocks.out}, {.folder = root});
  INFO(lesson);
  CHECK(lesson.status == 0);
  CHECK_THAT(lesson.out, Catch::StartsWith("done\nits exit code: nobody knows\n5\n"));
  CHECK_THAT(lesson.out, Contains("there is room for 64 KiB\nand then the writer waits: 124\n"));
  CHECK_THAT(lesson.out,
             Contains("somebody lives there\nnobody does, and nobody had to tidy up\n"));
  CHECK_THAT(lesson.out, Contains("\"Status\":\"running\""));
  CHECK_THAT(lesson.out, Contains("\"FinishedAt\": \"\"") && Contains("\"ExitCode\": 5"));
  CHECK_THAT(lesson.out, Contains("\n5\ndone\nweb\nslipwayd ended with 0\n"));
}
