/// \file
/// The commands on the stage's page do what the page says.

#include "harness/lesson.hpp"

using namespace slipway::test;
using Catch::Contains;

TEST_CASE("the runnable blocks of lesson 02 run, in order", "[lesson][engine]") {
  const auto lesson = run_lesson("02-daemon");
  INFO(lesson);
  CHECK_THAT(lesson.out, Catch::StartsWith("done\nits exit code: nobody knows\n5\n"));
  CHECK_THAT(lesson.out, Contains("there is room for 64 KiB\nand then the writer waits: 124\n"));
  CHECK_THAT(lesson.out,
             Contains("somebody lives there\nnobody does, and nobody had to tidy up\n"));
  CHECK_THAT(lesson.out, Contains("\"Status\":\"running\""));
  CHECK_THAT(lesson.out, Contains("\"FinishedAt\": \"\"") && Contains("\"ExitCode\": 5"));
  CHECK_THAT(lesson.out, Contains("\n5\ndone\nweb\nslipwayd ended with 0\n"));
}
