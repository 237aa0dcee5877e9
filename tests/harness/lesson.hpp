#pragma once
/// \file
/// A lesson's page, run.

#include <string>

#include "harness.hpp"

namespace slipway::test {

/// Runs the runnable blocks of `stages/STAGE/README.md` in order, in the project's folder; they must succeed.
inline CommandResult run_lesson(const std::string& stage) {
  const auto root = Environment::get().build.parent_path();
  const auto blocks = run_command(
      {"python3", root / "scripts/lesson_check.py", "--script", root / "stages" / stage});
  INFO(blocks);
  REQUIRE(blocks.status == 0);
  CommandResult lesson = run_command({"bash", "-euc", blocks.out}, {.folder = root});
  INFO(lesson);
  CHECK(lesson.status == 0);
  return lesson;
}

}  // namespace slipway::test
