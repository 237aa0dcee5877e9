/// \file
/// The stage's two programs, from outside: sockets, signals, exit codes, what they print.

#include <signal.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "01-cli-socket/unix_socket.hpp"
#include "harness/harness.hpp"

using namespace slipway::test;
using Catch::Contains;
using Words = std::vector<std::string>;

namespace {

const EngineOptions kStage01 = {.stage = "01", .flags = {}, .images = false};

}  // namespace

TEST_CASE("version, info and api, by slipway and by curl", "[stage-01]") {
  TestEngine engine(kStage01);
  const auto version = engine.slipway({"version"});
  INFO(version);
  CHECK(version.status == 0);
  CHECK_THAT(version.out, Contains("Client:\n") && Contains("Server: Slipway\n") &&
                              Contains("1.50 (minimum version 1.24)"));
  CHECK(engine.slipway({"version", "-f", "{{.Server.ApiVersion}}"}).out == "1.50\n");
  CHECK(engine.slipway({"info", "--format", "{{.DockerRootDir}}"}).out ==
        engine.data_root().string() + "\n");
  CHECK_THAT(engine.slipway({"info"}).out, Contains("Operating System: ") && Contains("CPUs: "));
  CHECK(engine.slipway({"api", "GET", "/_ping"}).out == "OK");
  const auto head = engine.slipway({"api", "-i", "HEAD", "/_ping"});
  CHECK_THAT(head.out, Contains("HTTP/1.1 200 OK\n") && Contains("Ostype: linux\n"));
  CHECK(engine.http("GET", "/v1.50/version").json()["ApiVersion"] == "1.50");
  const auto raw = engine.slipway({"api", "--raw", "GET", "/plugins"});
  CHECK(raw.out == "[]\n");
}

TEST_CASE("an error answer is a message and exit code 1", "[stage-01]") {
  TestEngine engine(kStage01);
  const auto missing = engine.slipway({"api", "GET", "/nope"});
  INFO(missing);
  CHECK(missing.status == 1);
  CHECK(missing.err == "slipway: page not found\n");
  CHECK_THAT(engine.slipway({"api", "GET", "/v1.99/info"}).err, Contains("too new"));
}

TEST_CASE("the stock docker command takes the daemon for a docker one", "[stage-01][docker]") {
  if (!needs("docker")) return;
  TestEngine engine(kStage01);
  const auto version =
      engine.docker({"version", "--format", "{{.Server.APIVersion}} {{.Server.Os}}"});
  INFO(version);
  CHECK(version.out == "1.50 linux\n");
  CHECK(engine.docker({"info", "--format", "{{.OSType}}"}).out == "linux\n");
  CHECK_THAT(engine.docker({"info"}).out, Contains("Swarm: inactive"));
  CHECK_THAT(engine.docker({"node", "ls"}).err, Contains("This node is not a swarm manager"));
}

TEST_CASE("--curl prints a command that does the same; --curl=only does nothing else",
          "[stage-01]") {
  TestEngine engine(kStage01);
  const auto shown = engine.slipway({"--curl", "api", "--raw", "GET", "/version"});
  INFO(shown);
  CHECK_THAT(shown.err, Catch::StartsWith("curl --unix-socket "));
  CHECK(run_shell(shown.err + " 2>/dev/null").out == shown.out);
  const auto only =
      engine.slipway({"api", "--curl=only", "POST", "/containers/create", "{\"a\":\"it's\"}"});
  CHECK(only.status == 0);
  CHECK(only.out.empty());
  CHECK_THAT(only.err, Contains("-d '{\"a\":\"it'\\''s\"}'"));
}

TEST_CASE("--explain tells what both boxes did, before or behind the command's name",
          "[stage-01]") {
  TestEngine engine(kStage01);
  const Words line = GENERATE(values<Words>({{"--explain", "version"}, {"version", "--explain"}}));
  const auto told = engine.slipway(line);
  INFO(told);
  CHECK_THAT(told.out, Contains("Server: Slipway"));
  CHECK_THAT(told.err, Contains("cli: GET /version") && Contains("engine: GET /version") &&
                           Contains("cli 1, engine 1"));
}

TEST_CASE("without a daemon the message says where, and what to do", "[stage-01]") {
  TempFolder folder;
  const std::string host = "unix://" + (folder.path() / "no.sock").string();
  const auto by_flag = run_command({program("slipway", "01"), "-H", host, "info"});
  INFO(by_flag);
  CHECK(by_flag.status == 1);
  CHECK(by_flag.err ==
        "slipway: Cannot connect to the engine at " + host + ": is slipwayd running?\n");
  CHECK(run_command({program("slipway", "01"), "info"}, {.environment = {"DOCKER_HOST=" + host}})
            .err == by_flag.err);
  const auto version = run_command({program("slipway", "01"), "-H", host, "version"});
  CHECK_THAT(version.out, Contains("Client:"));  // its own half it knows
  CHECK(version.status == 1);
}

TEST_CASE("usage errors have docker's exit codes", "[stage-01][cli]") {
  const std::string slipway = program("slipway", "01");
  const auto [words, status, text] = GENERATE(table<Words, int, std::string>(
      {{{"--nosuch"}, 125, "unknown flag: --nosuch"},
       {{"version", "--nosuch"}, 125, "unknown flag: --nosuch\nSee 'slipway version --help'."},
       {{"nosuch"}, 1, "unknown command: slipway nosuch"},
       {{"api", "GET"}, 1, "requires at least 2 arguments"},
       {{"info", "x"}, 1, "accepts no arguments"},
       {{"-H"}, 125, "flag needs an argument: -H"},
       {{"-H", "tcp://1.2.3.4", "info"}, 1, "only unix://PATH"}}));
  Words line = {slipway};
  line.insert(line.end(), words.begin(), words.end());
  const auto result = run_command(line);
  INFO(result);
  CHECK(result.status == status);
  CHECK_THAT(result.err, Contains(text));
  CHECK(result.out.empty());
}

TEST_CASE("help is on stdout and succeeds", "[stage-01][cli]") {
  const std::string slipway = program("slipway", "01");
  const auto [words, text] = GENERATE(table<Words, std::string>(
      {{Words{}, "Common Commands:\n  version"},
       {{"--help"}, "Global Options:"},
       {{"api", "--help"}, "Usage:  slipway api [OPTIONS] METHOD PATH [BODY]"},
       {{"help", "api"}, "Usage:  slipway api"},
       {{"system"}, "Usage:  slipway system COMMAND"},
       {{"--version"}, "Slipway version "}}));
  Words line = {slipway};
  line.insert(line.end(), words.begin(), words.end());
  const auto result = run_command(line);
  INFO(result);
  CHECK(result.status == 0);
  CHECK_THAT(result.out, Contains(text));
  CHECK(result.err.empty());
}

TEST_CASE("the daemon: socket mode, ready line, clean end", "[stage-01][daemon]") {
  TestEngine engine(kStage01);
  struct stat info {};
  REQUIRE(::stat(engine.socket().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0660);
  CHECK_THAT(engine.log(),
             Contains("level=info msg=\"API listen on " + engine.socket().string() + "\""));
  CHECK(engine.stop() == 0);
  CHECK_FALSE(std::filesystem::exists(engine.socket()));
}

TEST_CASE(
    "a second daemon on the same root is refused by name; kill -9 leaves nothing that refuses",
    "[stage-01][daemon]") {
  TestEngine engine(kStage01);
  const std::string slipwayd = program("slipwayd", "01");
  TempFolder other;
  const auto second =
      run_command({slipwayd, "--data-root", engine.data_root(), "--exec-root", other.path()});
  INFO(second);
  CHECK(second.status == 1);
  CHECK_THAT(second.err, Contains("another daemon uses " + engine.data_root().string()));
  engine.kill_engine();
  CHECK(std::filesystem::exists(engine.socket()));
  engine.start();
  CHECK(engine.http("GET", "/_ping").body == "OK");
}

TEST_CASE("several sockets, a pid file, and bad flags of the daemon", "[stage-01][daemon]") {
  TempFolder folder;
  const std::string second = (folder.path() / "second.sock").string();
  const std::string pidfile = (folder.path() / "pid").string();
  {
    TestEngine engine(
        {.stage = "01", .flags = {"-H", "unix://" + second, "-p", pidfile}, .images = false});
    CHECK(TestEngine::http_at(second, "GET", "/_ping").body == "OK");
    CHECK(read_text(pidfile) == std::to_string(engine.pid()) + "\n");
  }
  CHECK_FALSE(std::filesystem::exists(second));
  CHECK_FALSE(std::filesystem::exists(pidfile));
  const std::string slipwayd = program("slipwayd", "01");
  const std::string root = folder.path();
  CHECK(run_command({slipwayd, "--nosuch"}).status == 1);
  CHECK(run_command({slipwayd, "--help"}).status == 0);
  const auto tcp = run_command(
      {slipwayd, "--data-root", root + "/d", "--exec-root", root + "/e", "-H", "tcp://0.0.0.0:1"});
  INFO(tcp);
  CHECK(tcp.status == 1);
  CHECK_THAT(tcp.err, Contains("only unix://PATH"));
}

TEST_CASE("the daemon ends while clients hold connections", "[stage-01][daemon]") {
  TestEngine engine(kStage01);
  std::vector<slipway::UniqueFd> idle;
  for (int i = 0; i < 3; ++i) idle.push_back(slipway::connect_unix(engine.socket()));
  CHECK(engine.stop() == 0);
}

TEST_CASE("a daemon out of descriptors serves those it has, and all again afterwards",
          "[stage-01][daemon][attack]") {
  TempFolder folder;
  const std::string root = folder.path();
  const std::string socket = root + "/e/slipway.sock";
  RunningCommand daemon({"sh", "-c", "ulimit -n 24; exec \"$0\" \"$@\"", program("slipwayd", "01"),
                         "--data-root", root + "/d", "--exec-root", root + "/e"});
  REQUIRE(daemon.wait_for_output("API listen on"));
  {
    std::vector<slipway::UniqueFd> greedy;
    for (int i = 0; i < 60; ++i) greedy.push_back(slipway::connect_unix(socket));
    sleep_for(std::chrono::milliseconds(200));
  }
  CHECK(TestEngine::http_at(socket, "GET", "/_ping").body == "OK");
  daemon.signal(SIGTERM);
  CHECK(daemon.finish().status == 0);
}
