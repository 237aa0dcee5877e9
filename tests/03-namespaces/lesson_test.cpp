/// \file
/// The commands on the stage's page do what the page says.

#include "harness/lesson.hpp"

using namespace slipway::test;
using Catch::Contains;

TEST_CASE("the runnable blocks of lesson 03 run, in order", "[lesson][engine][03]") {
  const auto lesson = run_lesson("03-namespaces");
  INFO(lesson);
  CHECK_THAT(lesson.out, Catch::StartsWith("inside: box\nthe host kept its name\n"
                                           "I am 1, and /proc shows many processes\n"
                                           "I am 1, and /proc shows few processes\n"
                                           "another namespace\nquay\n"));
  CHECK_THAT(lesson.out, Contains("before: False\nafter:  True\n"));  // out of the chroot
  CHECK_THAT(lesson.out, Contains("\nbox\nPID"));
  CHECK_THAT(lesson.out,
             Contains("\netc\nprobe\n"));  // out of the chroot, not out of the other
  CHECK_THAT(lesson.out, Catch::EndsWith("\nprobe\nx\n"));  // written outside, by the image's link
}
