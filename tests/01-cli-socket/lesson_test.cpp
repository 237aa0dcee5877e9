/// \file
/// The commands on the stage's page do what the page says.

#include "harness/lesson.hpp"

using namespace slipway::test;
using Catch::Contains;

TEST_CASE("the runnable blocks of lesson 01 run, in order", "[lesson]") {
  const auto lesson = run_lesson("01-cli-socket");
  INFO(lesson);
  CHECK_THAT(lesson.out, Contains("\"ApiVersion\":\"1.50\"") && Contains("Api-Version: 1.50"));
  CHECK_THAT(lesson.out, Contains("{\"message\":\"page not found\"}"));
  CHECK_THAT(lesson.out, Contains("{\"message\":\"malformed HTTP request"));
  CHECK_THAT(lesson.out, Contains("curl gave up: 28"));  // its code for "timed out"
  CHECK_THAT(lesson.out, Contains("ValueError: not enough values to unpack"));
  CHECK_THAT(lesson.out, Contains("slipwayd ended with 0"));
}
