#pragma once
/// \file
/// Everything that a test of Slipway includes. Write `tests/<folder that you
/// test>/<what>_test.cpp`; it becomes part of build/tests/slipway-tests by itself (`make test`, or
/// `make build/tests/slipway-tests` and run it with a name,
/// `[tag]` or `--help`: Catch2's command line).
///
///     #include "harness/harness.hpp"
///     using namespace slipway::test;
///
///     TEST_CASE("a container's exit code is the command's", "[acceptance]") {
///       if (!needs("docker")) return;                  // counts as skipped, with the reason
///       TestEngine& engine = shared_engine();          // one engine for this file, images loaded
///       const auto name = random_name("exit");         // random, from the printed seed
///       const auto result = engine.docker({"run", "--rm", "--name", name, "busybox", "sh", "-c",
///       "exit 7"}); INFO(result);                                  // command line, status, output
///       CHECK(result.status == 7);
///     }
///
///     TEST_CASE("a killed engine comes back") {
///       TestEngine engine;                             // its own, gone at the end of the test
///       engine.kill_engine();                          // kill -9
///       engine.start();
///       CHECK(engine.http("GET", "/_ping").body == "OK");
///     }
///
/// - Images in every engine that asks for them: `busybox`, `slipway-test` (has /probe, see
/// tests/images/probe.cpp).
/// - Programs of another stage: `TestEngine engine({.stage = "02", .images = false});`
/// - A command that goes on: `RunningCommand logs(engine.docker_line({"logs", "-f", name}));`
///   `logs.wait_for_output("ready"); logs.signal(SIGTERM); logs.finish();`
/// - Time limits are written for a fast machine; the harness multiplies them by this machine's
/// measured slowness.
/// - After each test, passed or failed, a check sees that nothing is left on the machine
/// (leak_check.hpp). A test with the
///   shared engine removes its containers, volumes and images; a test with its own engine need not.
/// - A failed test prints its commands, the engine's last log lines and the seed;
/// `SLIPWAY_TEST_SEED=N` repeats it.

#include <catch2/catch.hpp>

#include "command.hpp"
#include "engine.hpp"
#include "environment.hpp"
