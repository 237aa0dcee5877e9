/// \file
/// Sessions that are not well-behaved, of exec, attach and start -ai: several at once, slow, dead, detached, resized.

#include <signal.h>
#include <sys/resource.h>

#include <filesystem>

#include "01-cli-socket/http_client.hpp"
#include "plain_engine.hpp"

using namespace slipway;
using namespace slipway::test;
using namespace std::chrono_literals;
using Catch::Contains;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// An engine with a container that stays, and execs in it.
struct Quarters {
  PlainEngine engine;
  TempFolder folder;

  Quarters() { engine.run("box", "exec sleep 1000"); }
  std::string make(const std::string& script, const json& more = json::object()) {
    json body{{"Cmd", {"sh", "-c", script}}, {"AttachStdout", true}};
    body.update(more);
    const HttpAnswer answer = engine.http("POST", "/containers/box/exec", body.dump());
    INFO(answer);
    REQUIRE(answer.status == 201);
    return answer.json().at("Id");
  }
  RawStream attach(const std::string& id, const std::string& body = "{}") {
    return HttpClient(engine.socket()).upgrade("POST", "/exec/" + id + "/start", body);
  }
  json state(const std::string& id) { return engine.http("GET", "/exec/" + id + "/json").json(); }
  bool ends_with(const std::string& id, int code) {
    return eventually([&] { return state(id).at("Running") == false; }, 20s) &&
           state(id).at("ExitCode") == code;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder.path() / name; }
};

std::string read_to_end(RawStream& stream) {
  std::string text;
  std::array<char, 65536> buffer;
  while (const std::size_t count = stream.read_some(buffer)) text.append(buffer.data(), count);
  return text;
}

/// The actions of all events so far.
std::vector<std::string> actions(PlainEngine& engine) {
  const CommandResult shown =
      engine.slipway({"events", "--since", "0", "--until", "0s", "--format", "{{.Action}}"});
  std::istringstream lines(shown.out);
  std::vector<std::string> words;
  for (std::string line; std::getline(lines, line);) words.push_back(line);
  return words;
}

bool has(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// While it lives, our soft limit of descriptors is this one.
class SoftLimit {
 public:
  explicit SoftLimit(rlim_t soft) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit lower{.rlim_cur = soft, .rlim_max = before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &lower) == 0);
  }
  ~SoftLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  SoftLimit(const SoftLimit&) = delete;
  SoftLimit& operator=(const SoftLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("execs side by side: each client has its own streams", "[exec][02]") {
  Quarters quarters;
  std::vector<std::string> ids;
  std::vector<RawStream> streams;
  for (int i = 0; i < 8; ++i) {
    ids.push_back(quarters.make("read x; echo $x; exit " + std::to_string(i),
                                {{"AttachStdin", true}, {"Tty", false}}));
    streams.push_back(quarters.attach(ids.back()));
  }
  for (int i = 7; i >= 0; --i) {
    streams[i].write_all("word" + std::to_string(i) + "\n");
    CHECK_THAT(read_to_end(streams[i]), Catch::EndsWith("word" + std::to_string(i) + "\n"));
    CHECK(quarters.ends_with(ids[i], i));
  }
}

TEST_CASE("a client of an exec that does not read holds nobody back", "[exec][02]") {
  Quarters quarters;
  const std::string done = quarters.path("done");
  const std::string id = quarters.make("seq 1 1000000; touch " + done + "; exit 4");
  RawStream slow = quarters.attach(id);
  CHECK(eventually([&] { return fs::exists(done); }, 20s));
  const CommandResult other = quarters.engine.slipway({"exec", "box", "echo", "free"});
  CHECK(other.out == "free\n");
  CHECK(quarters.ends_with(id, 4));  // and all of it is there once it reads
  CHECK_THAT(read_to_end(slow), Catch::EndsWith("1000000\n"));
}

TEST_CASE("an exec outlives its client, and its exit code is kept", "[exec][02]") {
  Quarters quarters;
  const std::string go = quarters.path("go");
  const std::string id = quarters.make("seq 1 1000; while [ ! -e " + go +
                                       " ]; do sleep 0.02; done; seq 1 100000; exit 5");
  { const RawStream dies = quarters.attach(id); }
  CHECK(quarters.state(id).at("Running") == true);
  write_text(go, "");
  CHECK(quarters.ends_with(id, 5));
}

TEST_CASE("the keys that detach are an event of the container, and of an exec",
          "[exec][02][events]") {
  Quarters quarters;
  PlainEngine& engine = quarters.engine;
  const std::string tty =
      engine.create({{"Image", "x"}, {"Cmd", {"cat"}}, {"Tty", true}, {"OpenStdin", true}});
  REQUIRE(engine.http("POST", "/containers/" + tty + "/start").status == 204);
  RawStream stream = HttpClient(engine.socket())
                         .upgrade("POST", "/containers/" + tty +
                                              "/attach?stream=1&stdin=1&stdout=1&detachKeys=x,y");
  stream.write_all("axy");
  static_cast<void>(read_to_end(stream));  // it comes to an end
  CHECK(eventually([&] { return has(actions(engine), "detach"); }, 10s));
  CHECK(engine.status(tty) == "running");

  const std::string id = quarters.make("cat", {{"AttachStdin", true}, {"Tty", true}});
  RawStream exec = quarters.attach(id, R"({"Tty":true})");
  exec.write_all("b\x10\x11");
  static_cast<void>(read_to_end(exec));
  CHECK(eventually([&] { return has(actions(engine), "exec_detach"); }, 10s));
  CHECK(quarters.state(id).at("Running") == true);
}

TEST_CASE("a client that sees the end, or goes away, has not detached", "[exec][02][events]") {
  Quarters quarters;
  PlainEngine& engine = quarters.engine;
  CHECK(engine.slipway({"run", "--rm", "host", "echo", "hello"}).out == "hello\n");
  CHECK(engine.slipway({"exec", "box", "true"}).status == 0);
  { const RawStream leaves = quarters.attach(quarters.make("exec sleep 1000")); }
  engine.slipway({"kill", "box"});
  engine.wait("box");
  REQUIRE(eventually([&] { return has(actions(engine), "exec_die"); }, 10s));
  const auto all = actions(engine);
  CHECK(has(all, "attach"));
  CHECK_FALSE(has(all, "detach"));
  CHECK_FALSE(has(all, "exec_detach"));
}

TEST_CASE("start -ai: what is typed goes in, and the exit code comes out", "[02][attach]") {
  PlainEngine engine;
  REQUIRE(
      engine.slipway({"create", "-i", "--name", "box", "host", "sh", "-c", "cat; exit 6"}).status ==
      0);
  for (int round = 0; round < 2; ++round) {
    const CommandResult result = engine.slipway({"start", "-ai", "box"}, {.input = "typed\n"});
    INFO(result);
    CHECK(result.status == 6);
    CHECK(result.out == "typed\n");
  }
}

TEST_CASE("a terminal that changes its size changes the container's", "[terminal][02]") {
  PlainEngine engine;
  auto run = RunningCommand::interactive(
      engine.slipway_line({"run", "--rm", "-it", "--name", "box", "host", "sh", "-c",
                           "trap 'stty size' WINCH; echo up; while :; do sleep 0.05; done"}),
      {.terminal = true});
  REQUIRE(run.wait_for_output("up"));
  const std::string terminal = "/proc/" + std::to_string(run.pid()) + "/fd/0";
  REQUIRE(run_command({"stty", "-F", terminal, "rows", "31", "cols", "71"}).status == 0);
  run.signal(SIGWINCH);
  CHECK(run.wait_for_output("31 71"));
  CHECK(engine.slipway({"kill", "box"}).status == 0);
  CHECK(run.finish().status == 137);
}

TEST_CASE("stop -t -1 waits for as long as the container needs", "[02][lifecycle]") {
  PlainEngine engine;
  TempFolder folder;
  const std::string go = folder.path() / "go";
  engine.run("box",
             "trap 'echo asked; while [ ! -e " + go +
                 " ]; do sleep 0.02; done; exit 5' TERM; echo up; while :; do sleep 0.02; done",
             {"--stop-timeout", "0"});
  REQUIRE(eventually([&] { return engine.logs("box") == "up\n"; }, 10s));
  RunningCommand stop(engine.slipway_line({"stop", "-t", "-1", "box"}));
  REQUIRE(eventually([&] { return engine.logs("box") == "up\nasked\n"; }, 10s));
  write_text(go, "");
  CHECK(stop.finish().status == 0);
  CHECK(engine.inspect("box").at("State").at("ExitCode") == 5);
}

TEST_CASE("one prune at a time", "[02][lifecycle]") {
  PlainEngine engine;
  engine.create({{"Image", "x"}, {"Cmd", {"true"}}}, "down");
  const pid_t supervisor = engine.supervisor_pid().value();
  REQUIRE(::kill(supervisor, SIGSTOP) == 0);  // the removal waits for its word
  RunningCommand first(engine.slipway_line({"container", "prune", "-f"}));
  const bool begun = eventually([&] { return engine.status("down") != "created"; }, 10s);
  const HttpAnswer second = engine.http("POST", "/containers/prune");
  REQUIRE(::kill(supervisor, SIGCONT) == 0);
  INFO(second);
  CHECK(begun);
  CHECK(second.status == 409);
  CHECK(second.json()["message"] == "a prune operation is already running");
  const CommandResult pruned = first.finish();
  INFO(pruned);
  CHECK(pruned.status == 0);
  CHECK(engine.status("down") == "gone");
}

TEST_CASE("daemons may open as many files as the host allows; containers what the engine was given",
          "[02][engine]") {
  std::optional<PlainEngine> engine;
  {
    const SoftLimit limit(700);
    engine.emplace();
  }
  rlimit ours{};
  ::getrlimit(RLIMIT_NOFILE, &ours);
  for (const pid_t daemon : {engine->pid(), engine->supervisor_pid().value()}) {
    rlimit theirs{};
    REQUIRE(::prlimit(daemon, RLIMIT_NOFILE, nullptr, &theirs) == 0);
    CHECK(theirs.rlim_cur == ours.rlim_max);
  }
  const auto shown =
      engine->slipway({"run", "--rm", "host", "sh", "-c", "ulimit -Sn; ulimit -Hn; env"});
  INFO(shown);
  CHECK_THAT(shown.out, Catch::StartsWith("700\n" + std::to_string(ours.rlim_max) + "\n") &&
                            !Contains("SLIPWAY_OPEN_FILES") && !Contains("TUNABLES"));
}

TEST_CASE("an idle supervisor goes when its folders are deleted after its engine died",
          "[02][recovery]") {
  PlainEngine engine;
  engine.kill_engine();
  REQUIRE(engine.supervisor_pid());
  fs::remove_all(engine.data_root());
  CHECK(eventually([&] { return !engine.supervisor_pid(); }, 10s));
}
