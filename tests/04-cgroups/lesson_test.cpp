/// \file
/// The commands on the stage's page do what the page says.

#include "harness/lesson.hpp"

using namespace slipway::test;

TEST_CASE("the runnable blocks of lesson 04 run, in order", "[lesson][engine][04]") {
  const auto lesson = run_lesson("04-cgroups");
  INFO(lesson);
  CHECK(lesson.out ==
        "the kernel has filled the folder\n"
        "it knows where it is\n"
        "started 19 of 100\n"
        "64 MB of 32: exit code 137\n"
        "oom_kill 1\n"
        "spinning\n"
        "two seconds of work, at most half of them on a processor\n"
        "it stood still\n"
        "ended with 137\n");
}
