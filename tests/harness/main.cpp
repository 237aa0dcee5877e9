/// \file
/// Catch2's one compiled main, so that no other file pays for it.

#define CATCH_CONFIG_RUNNER
#include <signal.h>

#include <catch2/catch.hpp>

#include "environment.hpp"
#include "leak_check.hpp"

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  slipway::test::adopt_orphans();
  Catch::Session session;
  session.configData().reporterName = "friendly";
  session.configData().rngSeed = static_cast<unsigned>(slipway::test::Environment::get().seed);
  if (const int bad_flag = session.applyCommandLine(argc, argv)) return bad_flag;
  const int failed = session.run();
  return failed != 0 || !slipway::test::Environment::get().leaky_tests.empty() ? 1 : 0;
}
