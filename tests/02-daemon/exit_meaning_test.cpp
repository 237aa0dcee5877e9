/// \file
/// An exit code in words, and by whose doing it came about.

#include <signal.h>

#include "02-daemon/api/exit_meaning.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using Catch::Contains;

namespace {

std::string meaning(const ExitRecord& end) {
  std::string text;
  for (const std::string& sentence : exit_meaning(end, "web")) text += sentence + "\n";
  return text;
}

}  // namespace

TEST_CASE("a signal: its name, and whether a client had asked for it", "[02][explain]") {
  CHECK_THAT(meaning({.exit_code = 137, .signal = SIGKILL, .asked_signal = SIGKILL}),
             Contains("137 is 128 + 9: SIGKILL ended it.") && Contains("A client had asked") &&
                 Contains("`stop` when its patience"));
  CHECK_THAT(meaning({.exit_code = 143, .signal = SIGTERM, .asked_signal = SIGTERM}),
             Contains("128 + 15: SIGTERM") && Contains("A client had asked"));
  CHECK_THAT(meaning({.exit_code = 137, .signal = SIGKILL, .asked_signal = SIGTERM}),
             Contains("No client had asked") && Contains("for want of memory"));
  CHECK_THAT(meaning({.exit_code = 139, .signal = SIGSEGV}),
             Contains("128 + 11: SIGSEGV") && Contains("for its own fault"));
  CHECK_THAT(meaning({.exit_code = 137, .signal = SIGKILL, .oom_kills = 1}),
             Contains("because memory was short"));
}

TEST_CASE("a code that the program returned is told from the same code by a signal",
          "[02][explain]") {
  CHECK(meaning({.exit_code = 0}).empty());
  CHECK_THAT(meaning({.exit_code = 3}), Contains("`slipway logs web`"));
  CHECK_THAT(meaning({.exit_code = 127}), Contains("was not found"));
  CHECK_THAT(meaning({.exit_code = 126}), Contains("could not be executed"));
  CHECK_THAT(meaning({.exit_code = 137}), Contains("returned it by itself") && Contains("SIGKILL"));
  CHECK_THAT(meaning({.exit_code = 0, .asked_signal = SIGTERM}), Contains("had sent it SIGTERM"));
}

TEST_CASE("an end that nobody saw says why", "[02][explain]") {
  const std::string text = meaning({.exit_code = 137, .error = "the container's shim was killed"});
  CHECK(text == "Nobody saw its end: the container's shim was killed.\n");
}
