/// \file
/// The stage's programs as a whole: attached clients, waiting clients, wrong clients, and what each
/// box answers to curl.

#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <thread>

#include "01-cli-socket/local_server.hpp"
#include "02-daemon/base/stdio_mux.hpp"
#include "plain_engine.hpp"

using namespace slipway;
using namespace slipway::test;
using namespace std::chrono_literals;
using Catch::Contains;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// A connection to the engine that is attached to a container.
class Attachment {
 public:
  Attachment(const PlainEngine& engine, const std::string& name,
             const std::string& query = "stream=1&stdout=1&stderr=1")
      : fd_(connect_unix(engine.socket())), peer_(UniqueFd(::dup(fd_.get()))) {
    peer_.send("POST /containers/" + name + "/attach?" + query +
               " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    head_ = peer_.read_until("\r\n\r\n");
  }
  [[nodiscard]] const std::string& head() const { return head_; }
  Attachment& send(std::string_view bytes) { return peer_.send(bytes), *this; }
  Attachment& end() { return peer_.end(), *this; }
  /// All of stdout and stderr, until the other side closes.
  std::string read_all() {
    std::string text;
    StdioDemuxer demuxer([&](StdioStream, std::string_view bytes) { text += bytes; });
    demuxer.feed(peer_.read_all());
    return text;
  }
  /// The same in small sips.
  std::string read_slowly() {
    std::string text;
    StdioDemuxer demuxer([&](StdioStream, std::string_view bytes) { text += bytes; });
    std::array<char, 100'000> buffer;
    while (const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0)) {
      if (count < 0) break;
      demuxer.feed({buffer.data(), static_cast<std::size_t>(count)});
      sleep_for(1ms);
    }
    return text;
  }

 private:
  UniqueFd fd_;
  RawPeer peer_;
  std::string head_;
};

constexpr char kStdin[] = "stream=1&stdin=1&stdout=1&stderr=1";

std::string numbers_up_to(int last) {
  std::string text;
  for (int i = 1; i <= last; ++i) text += std::to_string(i) + "\n";
  return text;
}

long resident_kilobytes(pid_t pid) {
  const std::string status = read_text("/proc/" + std::to_string(pid) + "/status");
  const std::size_t at = status.find("VmRSS:");
  return at == std::string::npos ? 0 : std::stol(status.substr(at + 6));
}

}  // namespace

TEST_CASE(
    "a client that does not read holds nothing back and loses nothing: 20 MB, byte for byte "
    "(02-I6)",
    "[02][engine][attach][attack]") {
  PlainEngine engine;
  const std::string name = engine.create(shell("seq 1 2650000; exit 4"));
  Attachment slow(engine, name);
  CHECK_THAT(slow.head(), Catch::StartsWith("HTTP/1.1 101 UPGRADED"));
  const auto started = engine.http("POST", "/containers/" + name + "/start");
  INFO(started);
  REQUIRE(started.status == 204);
  const pid_t shim = engine.shim_pid(name);
  CHECK(engine.wait(name) == "4\n");  // it has ended, and the client has not read a byte
  CHECK(resident_kilobytes(shim) < 8000);
  const std::string got = slow.read_slowly();
  const std::string expected = numbers_up_to(2650000);
  CHECK(expected.size() > 20'000'000);
  CHECK(got.size() == expected.size());
  CHECK((got == expected));  // the parentheses keep Catch2 from printing 20 MB
  CHECK(engine.slipway({"logs", "--tail", "1", name}).out == "2650000\n");
  CHECK(eventually([&] { return !alive(shim); }, 5s));
}

TEST_CASE("a client that never reads: its container is removed, and the shim goes when it does",
          "[02][engine][attach][attack]") {
  PlainEngine engine;
  const std::string name = engine.create(shell("seq 1 500000"));
  pid_t shim = 0;
  {
    Attachment never(engine, name);
    REQUIRE(engine.http("POST", "/containers/" + name + "/start").status == 204);
    shim = engine.shim_pid(name);
    CHECK(engine.wait(name) == "0\n");
    CHECK(engine.slipway({"rm", name}).status == 0);
    CHECK(alive(shim));
  }
  CHECK(eventually([&] { return !alive(shim); }, 10s));
}

TEST_CASE("stdin goes in, its end goes in, and the output goes on after it",
          "[02][engine][attach]") {
  PlainEngine engine;
  const std::string name = engine.create(
      shell("cat; echo end; sleep 0.2; echo later", {{"OpenStdin", true}, {"StdinOnce", true}}));
  Attachment client(engine, name, kStdin);
  REQUIRE(engine.http("POST", "/containers/" + name + "/start").status == 204);
  const std::string text = numbers_up_to(200'000);
  std::thread sender([&] { client.send(text).end(); });
  const std::string got = client.read_all();
  sender.join();
  CHECK((got == text + "end\nlater\n"));
}

TEST_CASE("a pipeline through slipway run -i", "[02][engine][attach]") {
  PlainEngine engine;
  const std::string text = numbers_up_to(100'000);
  const auto result =
      engine.slipway({"run", "-i", "--rm", "host", "sh", "-c", "cat; exit 3"}, {.input = text});
  CHECK(result.status == 3);
  CHECK((result.out == text));
}

TEST_CASE("two attached clients: each gets all output, both may write, one may leave",
          "[02][engine][attach]") {
  PlainEngine engine;
  const std::string name =
      engine.create(shell("read a; read b; echo $a $b; echo bye >&2", {{"OpenStdin", true}}));
  Attachment first(engine, name, kStdin), second(engine, name, kStdin);
  { Attachment leaves(engine, name, kStdin); }
  REQUIRE(engine.http("POST", "/containers/" + name + "/start").status == 204);
  first.send("one\n").end();  // not StdinOnce: its end is its own affair
  sleep_for(100ms);
  second.send("two\n");
  Attachment late(engine, name);
  CHECK(second.read_all() == "one two\nbye\n");
  CHECK(first.read_all() == "one two\nbye\n");
  CHECK_THAT(late.read_all(), Catch::EndsWith("bye\n") || Catch::Equals(""));
}

TEST_CASE("clients that attach while a container starts are all connected",
          "[02][engine][attach]") {
  PlainEngine engine;
  for (int round = 0; round < 10; ++round) {
    const std::string name = engine.create(shell("sleep 0.2; echo out"));
    std::vector<std::thread> clients;
    std::array<std::string, 6> got;
    std::thread starter([&] { engine.http("POST", "/containers/" + name + "/start"); });
    for (std::string& text : got) {
      clients.emplace_back([&] { text = Attachment(engine, name).read_all(); });
      sleep_for(2ms);
    }
    starter.join();
    for (std::thread& client : clients) client.join();
    for (const std::string& text : got) CHECK(text == "out\n");
  }
}

TEST_CASE("wait has three conditions", "[02][engine]") {
  PlainEngine engine;
  const std::string name = engine.create(shell("read x; exit 6", {{"OpenStdin", true}}));
  const std::string wait = "/containers/" + name + "/wait";
  CHECK(engine.http("POST", wait).json()["StatusCode"] == 0);  // it does not run
  CHECK(engine.http("POST", wait + "?condition=not-running").json()["StatusCode"] == 0);
  const auto bad = engine.http("POST", wait + "?condition=x");
  INFO(bad);
  CHECK(bad.status == 400);
  CHECK(bad.json()["message"] == "invalid condition: \"x\"");
  const auto ask = [&](const std::string& condition) {
    return RunningCommand({"curl", "-sS", "--unix-socket", engine.socket(), "-X", "POST",
                           "http://x" + wait + "?condition=" + condition});
  };
  RunningCommand next = ask("next-exit"), removed = ask("removed");
  Attachment input(engine, name, kStdin);
  REQUIRE(engine.http("POST", "/containers/" + name + "/start").status == 204);
  CHECK(next.running());
  input.send("\n");
  CHECK(next.finish().out == "{\"StatusCode\":6}\n");
  CHECK(removed.running());
  CHECK(engine.slipway({"rm", name}).status == 0);
  CHECK(removed.finish().out == "{\"StatusCode\":6}\n");
}

TEST_CASE("a running container is not removed, unless by force", "[02][engine]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "exec sleep 100");
  const auto refused = engine.http("DELETE", "/containers/" + name);
  CHECK(refused.status == 409);
  CHECK(refused.json()["message"] == "cannot remove container \"/" + name +
                                         "\": container is running: stop the container before "
                                         "removing or force remove");
  CHECK(engine.http("DELETE", "/containers/" + name + "?force=1").status == 204);
  CHECK(engine.http("DELETE", "/containers/" + name).status == 404);
  CHECK(fs::is_empty(engine.data_root() / "containers"));
  CHECK(fs::is_empty(engine.data_root() / "exits"));
}

TEST_CASE("a short id that fits two is refused", "[02][engine][attack]") {
  PlainEngine engine;
  std::map<char, int> firsts;
  for (int i = 0; i < 17; ++i)
    ++firsts[engine.create(shell("true"))[0]];  // 16 digits: some collide
  for (const auto& [first, count] : firsts) {
    const auto answer = engine.http("GET", "/containers/" + std::string(1, first) + "/json");
    INFO(answer);
    CHECK(answer.status == (count == 1 ? 200 : 400));
    if (count == 1) continue;
    CHECK(answer.json()["message"] ==
          "multiple IDs found with provided prefix: " + std::string(1, first));
  }
}

TEST_CASE("wrong requests get the right status; the engine and its lists go on",
          "[02][engine][attack]") {
  PlainEngine engine;
  const auto refused = [&](const std::string& target, const std::string& body) {
    const auto answer = engine.http("POST", target, body);
    return std::to_string(answer.status) + " " + answer.json().value("message", "");
  };
  const std::string create = "/containers/create";
  CHECK_THAT(refused(create, R"({"Image":"x","Cmd":{"a":1}})"), Catch::StartsWith("400 Cmd: "));
  CHECK_THAT(refused(create, R"({"Image":"x","HostConfig":{"NetworkMode":1}})"),
             Catch::StartsWith("400 HostConfig.NetworkMode: "));
  CHECK(refused(create, R"({"Image":"x"})") == "400 no command specified");
  CHECK_THAT(refused(create + "?name=a%20b", shell("true").dump()),
             Catch::StartsWith("400 Invalid container name (a b)"));
  CHECK(refused("/containers/nope/start", "") == "404 No such container: nope");
  CHECK(refused("/containers/nope/kill", "") ==
        "404 cannot kill container: nope: No such container: nope");
  const std::string id = engine.create(shell("true", {{"HostConfig", {{"LogConfig", nullptr}}}}));
  engine.create(shell("true", {{"HostConfig", {{"LogConfig", {{"Type", nullptr}}}}}}));
  CHECK(engine.inspect(id)["HostConfig"]["LogConfig"]["Type"] == "json-file");
  CHECK_THAT(refused("/containers/" + id + "/kill?signal=HUPP", ""),
             Catch::StartsWith("400 Invalid signal: HUPP"));
  CHECK_THAT(refused("/containers/" + id + "/stop?t=soon", ""), Catch::StartsWith("400 "));
  CHECK(refused("/containers/" + id + "/kill", "") ==
        "409 cannot kill container: " + id + ": container " + id + " is not running");
  CHECK(engine.http("POST", "/containers/" + id + "/stop").status == 304);
  const auto all = engine.http("GET", "/containers/json?all=1");
  CHECK(all.json().size() == 2);
  CHECK(engine.http("GET", "/containers/json?filters=%7B%22nosuch%22:%5B%22x%22%5D%7D").status ==
        400);
}

TEST_CASE("half a body, and a client that leaves in the middle of one", "[02][engine][attack]") {
  PlainEngine engine;
  for (const bool waits : {true, false}) {
    RawPeer peer(connect_unix(engine.socket()));
    peer.send(
        "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 100\r\n\r\n{\"Image\":\"x\",\"Cmd\":[");
    if (!waits) continue;
    const std::string answer = peer.end().read_all();
    INFO(answer);
    CHECK(status_of(answer) == 400);
    CHECK_THAT(answer, Contains("broke off"));
  }
  CHECK(engine.http("GET", "/containers/json?all=1").json().empty());
}

TEST_CASE("logs: streams, tail, bad parameters", "[02][engine][log]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "echo one; echo two >&2; echo three; printf end");
  CHECK(engine.wait(name) == "0\n");
  const auto logs = [&](const std::string& query) {
    return engine.http("GET", "/containers/" + name + "/logs?" + query);
  };
  CHECK(engine.slipway({"logs", name}).out == "one\nthree\nend");
  CHECK(engine.slipway({"logs", name}).err == "two\n");
  CHECK(logs("stdout=1&tail=1").body == encode_frame(StdioStream::out, "end"));
  CHECK(logs("stderr=1").body == encode_frame(StdioStream::err, "two\n"));
  const std::string all = logs("stdout=1&stderr=1").body;
  CHECK(logs("stdout=1&stderr=1&tail=many").body == all);  // docker: no number means all
  CHECK(logs("stdout=1&stderr=1&tail=99999999999999999999").body == all);
  CHECK(logs("stdout=1&since=x").status == 400);
  CHECK(logs("tail=1").json()["message"] == "Bad parameters: you must choose at least one stream");
}

TEST_CASE("following a log ends with the container and misses nothing", "[02][engine][log]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.05; done; printf last");
  CHECK(engine.slipway({"logs", "-f", name}).out == "1\n2\n3\n4\n5\n6\n7\n8\nlast");
}

TEST_CASE("a second run starts anew: code, error and log", "[02][engine]") {
  PlainEngine engine;
  const auto name = random_name();
  const fs::path flag = engine.folder() / "flag";
  engine.run(name, "echo run; test -e " + flag.string() + " && exec sleep 100; exit 7");
  CHECK(engine.wait(name) == "7\n");
  write_text(flag, "");
  CHECK(engine.slipway({"start", name}).status == 0);
  const json state = engine.inspect(name)["State"];
  CHECK(state["Status"] == "running");
  CHECK(state["ExitCode"] == 0);
  CHECK(engine.slipway({"kill", name}).status == 0);
  CHECK(engine.wait(name) == "137\n");
  CHECK(engine.logs(name) == "run\nrun\n");
}

TEST_CASE("curl asks each box what it knows", "[02][engine]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "exec sleep 100");
  const json seen = engine.inspect(name);
  const std::string id = seen["Id"];
  CHECK(engine.http("GET", "/containers/json").json()[0]["Id"] == id);

  const json tasks = TestEngine::http_at(engine.supervisor_socket(), "GET", "/tasks").json();
  REQUIRE(tasks.size() == 1);
  CHECK(tasks[0]["Id"] == id);
  CHECK(tasks[0]["Pid"] == seen["State"]["Pid"]);
  const json exits = TestEngine::http_at(engine.supervisor_socket(), "GET", "/exits").json();
  CHECK(exits[0]["StartedAt"] == seen["State"]["StartedAt"]);
  CHECK(exits[0]["FinishedAt"] == "");

  const std::string shim = engine.shim_socket(name);
  const json state = TestEngine::http_at(shim, "GET", "/state").json();
  CHECK(state["Status"] == "running");
  CHECK(state["Pid"] == seen["State"]["Pid"]);
  CHECK(TestEngine::http_at(shim, "GET", "/nope").status == 404);
  for (const char* signal : {"x", "65", "-1", "99999999999"}) {
    CHECK(TestEngine::http_at(shim, "POST", std::string("/kill?signal=") + signal).status == 400);
  }
  CHECK(TestEngine::http_at(shim, "POST", "/start").status == 409);
  const auto wrong = [&](std::string_view method, const std::string& target,
                         const std::string& body) {
    return TestEngine::http_at(engine.supervisor_socket(), method, target, body).status;
  };
  CHECK(wrong("GET", "/tasks/..%2f..%2fetc", "") == 400);
  CHECK(wrong("GET", "/tasks/" + std::string(64, '0'), "") == 404);
  CHECK(wrong("POST", "/tasks/" + std::string(64, '0'), R"({"Spec":5})") == 400);
  CHECK(wrong("POST", "/tasks/" + std::string(64, '0'), R"({"Spec":{},"Settings":5})") == 400);
  CHECK(wrong("POST", "/tasks/" + std::string(64, '0'), R"({"Spec":{}})") == 500);
  CHECK(engine.status(name) == "running");
  CHECK(engine.supervisor_pid().has_value());
}

TEST_CASE("a crowd at the shim's door does not end its container", "[02][engine][attack]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "exec sleep 100");
  const pid_t shim = engine.shim_pid(name);
  const rlimit few{.rlim_cur = 40, .rlim_max = 40};
  REQUIRE(::prlimit(shim, RLIMIT_NOFILE, &few, nullptr) == 0);
  const std::string socket = engine.shim_socket(name);
  {
    std::vector<UniqueFd> crowd;
    for (int i = 0; i < 100; ++i) crowd.push_back(connect_unix(socket));
    sleep_for(300ms);
    CHECK(alive(shim));
  }
  CHECK(
      eventually([&] { return TestEngine::http_at(socket, "GET", "/state").status == 200; }, 10s));
  CHECK(engine.status(name) == "running");
  CHECK(engine.slipway({"kill", name}).status == 0);
  CHECK(engine.wait(name) == "137\n");
}

TEST_CASE("nonsense at the shim's door does not end its container", "[02][engine][attack]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "exec sleep 100");
  const std::string socket = engine.shim_socket(name);
  RawPeer silent(connect_unix(socket));
  RawPeer half(connect_unix(socket));
  half.send("POST /ki");
  for (const std::string& text : {std::string("\0\xff\r\n\r\n", 6), std::string("GET\r\n\r\n"),
                                  "GET /" + std::string(3'000'000, 'x')}) {
    RawPeer(connect_unix(socket)).send(text).end().read_all();
  }
  CHECK(TestEngine::http_at(socket, "GET", "/state").status == 200);
  half.send("ll?signal=0 HTTP/1.1\r\n\r\n");
  CHECK(status_of(half.read_all()) == 204);
}

TEST_CASE("the engine ends at once, though a client waits for a stop", "[02][engine]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "trap '' TERM; echo ready; while :; do sleep 0.05; done");
  CHECK(eventually([&] { return engine.logs(name) == "ready\n"; }, 5s));
  RunningCommand stopping(engine.slipway_line({"stop", "-t", "600", name}));
  sleep_for(300ms);
  CHECK(engine.stop() == 0);
  CHECK(stopping.finish().status != 0);
  engine.start();
  CHECK(engine.status(name) == "running");
}

TEST_CASE("hundreds of ended containers cost the supervisor no descriptor", "[02][engine]") {
  PlainEngine engine;
  const auto open_now = [&] {
    std::size_t count = 0;
    const auto folder = "/proc/" + std::to_string(*engine.supervisor_pid()) + "/fd";
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) ++count;
    return count;
  };
  const std::size_t before = open_now();
  for (int i = 0; i < 20; ++i) CHECK(engine.slipway({"run", "host", "true"}).status == 0);
  CHECK(eventually([&] { return open_now() <= before + 2; }, 5s));
  CHECK(engine.stop() == 0);
  CHECK_FALSE(engine.supervisor_pid());  // nothing runs: it went with the engine
  engine.start();
  CHECK(engine.http("GET", "/containers/json?all=1").json().size() == 20);
}
