/// \file
/// The container commands against an engine that only pretends: which requests, in which order, and
/// what they print.

#include <signal.h>

#include "fake_engine.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;
using nlohmann::json;
using Words = std::vector<std::string>;

namespace {

constexpr char kId[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

std::string at(const std::string& rest) { return "/containers/" + std::string(kId) + rest; }

/// A container for `run`: create, attach (by `attached`), wait (answers when attach has ended),
/// start.
class RunEngine : public FakeEngine {
 public:
  explicit RunEngine(std::function<void(RawStream&)> attached, int exit_code = 0) {
    answer("POST", "/containers/create", 201, {{"Id", kId}, {"Warnings", json::array()}});
    on("POST", "/containers/{id}/attach", [this, attached](Exchange& exchange) {
      RawStream stream = exchange.hijack("application/vnd.docker.multiplexed-stream");
      started_.get_future().wait_for(std::chrono::seconds(5));
      attached(stream);
      stream.shutdown_write();
      ended_.set_value();
    });
    on("POST", "/containers/{id}/wait", [this, exit_code](Exchange& exchange) {
      exchange.begin_stream({.status = 200, .headers = {{"Content-Type", "application/json"}}});
      ended_.get_future().wait_for(std::chrono::seconds(10));
      exchange.write_chunk(json{{"StatusCode", exit_code}}.dump());
      exchange.end_stream();
    });
    on("POST", "/containers/{id}/start", [this](Exchange& exchange) {
      started_.set_value();
      exchange.respond({.status = 204});
    });
  }

 private:
  std::promise<void> started_;
  std::promise<void> ended_;
};

void write_frame(RawStream& stream, StdioStream to, std::string_view text) {
  stream.write_all(encode_frame(to, text));
}

/// Everything that the client sends until it closes its half.
std::string read_to_end(RawStream& stream) {
  std::string all;
  std::array<char, 65536> buffer;
  while (const std::size_t count = stream.read_some(buffer)) all.append(buffer.data(), count);
  return all;
}

}  // namespace

TEST_CASE(
    "run: create, attach, wait, start, in this order; streams apart; the container's exit code",
    "[cli][run]") {
  RunEngine engine(
      [](RawStream& stream) {
        CHECK(read_to_end(stream).empty());  // no -i: our half is closed at once
        write_frame(stream, StdioStream::out, "out\n");
        write_frame(stream, StdioStream::err, "err\n");
      },
      7);
  const auto result = engine.slipway({"run", "--name", "n", "busybox", "echo", "hi"},
                                     {.input = "not for the container"});
  INFO(result);
  CHECK(result.status == 7);
  CHECK(result.out == "out\n");
  CHECK(result.err == "err\n");
  CHECK(engine.requests() ==
        Words{"POST /containers/create?name=n", "POST " + at("/attach?stream=1&stdout=1&stderr=1"),
              "POST " + at("/wait?condition=next-exit"), "POST " + at("/start")});
  CHECK(engine.last_body()["Cmd"] == json({"echo", "hi"}));
}

TEST_CASE("run -i is byte-exact, with much to say on both sides at once", "[cli][run]") {
  RunEngine engine(
      [](RawStream& stream) {  // like cat, in small pieces, so that both directions fill up
        std::array<char, 5000> buffer;
        while (const std::size_t count = stream.read_some(buffer))
          write_frame(stream, StdioStream::out, {buffer.data(), count});
      });
  std::string input(5'000'000, ' ');
  for (char& c : input) c = static_cast<char>(Environment::get().random(256));
  const auto result = engine.slipway({"run", "-i", "--rm", "busybox", "cat"}, {.input = input});
  CHECK(result.status == 0);
  CHECK((result.out == input));
  CHECK_THAT(engine.requests()[1], Contains("stdin=1"));
  CHECK_THAT(engine.requests()[2], Contains("condition=removed"));
}

TEST_CASE("output that comes after the end of stdin is shown", "[cli][run]") {
  RunEngine engine([](RawStream& stream) {
    const std::string all = read_to_end(stream);
    write_frame(stream, StdioStream::out, "got " + all);
  });
  CHECK(engine.slipway({"run", "-i", "busybox", "wc"}, {.input = "x"}).out == "got x");
}

TEST_CASE("a container that ends before our stdin does not keep us", "[cli][run]") {
  RunEngine engine([](RawStream& stream) { write_frame(stream, StdioStream::out, "bye\n"); });
  auto run = RunningCommand::interactive(engine.line({"run", "-i", "busybox", "true"}));
  CHECK(
      eventually([&] { return !run.running(); }, std::chrono::seconds(5)));  // stdin is still open
  CHECK(run.finish().out == "bye\n");
}

TEST_CASE("signals go to the container", "[cli][run]") {
  std::promise<void> killed;
  RunEngine engine(
      [&](RawStream& stream) {
        write_frame(stream, StdioStream::out, "ready\n");
        killed.get_future().wait_for(std::chrono::seconds(5));
      },
      143);
  engine.on("POST", "/containers/{id}/kill", [&](Exchange& exchange) {
    exchange.respond({.status = 204});
    killed.set_value();
  });
  RunningCommand run(engine.line({"run", "busybox", "sleep", "100"}));
  REQUIRE(run.wait_for_output("ready"));
  run.signal(SIGTERM);
  CHECK(run.finish().status == 143);
  CHECK(engine.requests().back() == "POST " + at("/kill?signal=TERM"));
}

TEST_CASE("run -d prints the id and leaves", "[cli][run]") {
  RunEngine engine([](RawStream&) {});
  const auto result = engine.slipway({"run", "-d", "busybox", "sleep", "100"});
  INFO(result);
  CHECK(result.out == std::string(kId) + "\n");
  CHECK(engine.requests() == Words{"POST /containers/create", "POST " + at("/start")});
}

TEST_CASE("a start that fails: docker's exit codes, and no waiting for what never ran",
          "[cli][run]") {
  const auto [message, status] =
      GENERATE(table<std::string, int>({{"exec: \"nope\": executable file not found in $PATH", 127},
                                        {"exec /x: no such file or directory", 127},
                                        {"exec: \"/etc\": permission denied", 126},
                                        {"network n not found", 125}}));
  FakeEngine engine;
  engine.answer("POST", "/containers/create", 201, {{"Id", kId}, {"Warnings", {"careful"}}});
  engine.on("POST", "/containers/{id}/attach", [](Exchange& exchange) {
    read_to_end(*std::make_unique<RawStream>(exchange.hijack("x/y")));
  });
  engine.on("POST", "/containers/{id}/wait", [](Exchange& exchange) {
    exchange.begin_stream({.status = 200});
    exchange.write_chunk("{\"StatusCode\":127}");
    exchange.end_stream();
  });
  engine.answer("POST", "/containers/{id}/start", 400, {{"message", message}});
  const bool remove = GENERATE(true, false);
  const auto result = engine.slipway(remove ? Words{"run", "--rm", "busybox", "nope"}
                                            : Words{"run", "busybox", "nope"});
  INFO(result);
  CHECK(result.status == status);
  CHECK_THAT(result.err, Contains("WARNING: careful\n") && Contains("slipway: " + message));
}

TEST_CASE("a missing image and a bad flag are 125", "[cli][run]") {
  FakeEngine engine;
  engine.answer("POST", "/containers/create", 404, {{"message", "No such image: nope:latest"}});
  const auto result = engine.slipway({"run", "nope"});
  CHECK(result.status == 125);
  CHECK_THAT(result.err, Contains("No such image: nope:latest"));
  CHECK(engine.slipway({"run", "--nosuch", "x"}).status == 125);
  CHECK(engine.slipway({"run", "-m", "lots", "x"}).status == 125);
}

TEST_CASE("-it without a terminal is refused before anything is made", "[cli][run]") {
  FakeEngine engine;
  const auto result = engine.slipway({"run", "-it", "busybox"});
  CHECK_THAT(result.err, Contains("the input device is not a TTY"));
  CHECK(engine.requests().empty());
}

TEST_CASE("a terminal: raw bytes, its size, and ctrl-p ctrl-q", "[cli][run]") {
  std::string typed;
  RunEngine engine([&](RawStream& stream) {
    stream.write_all("prompt$ ");  // no frames with a terminal
    typed = read_to_end(stream);
  });
  engine.answer("POST", "/containers/{id}/resize", 200, {});
  auto run =
      RunningCommand::interactive(engine.line({"run", "-it", "busybox"}), {.terminal = true});
  REQUIRE(run.wait_for_output("prompt$ "));
  run.write(
      "ab\x10"
      "c\x03\x10\x11");  // ctrl-p alone and ctrl-c go through
  const auto result = run.finish();
  INFO(result);
  CHECK(result.status == 0);
  CHECK(result.out == "prompt$ ");  // leaving is no error of run's; only attach says so
  CHECK(eventually(
      [&] {
        return typed ==
               "ab\x10"
               "c\x03";
      },
      std::chrono::seconds(5)));
}

TEST_CASE("start -a, attach and wait", "[cli]") {
  RunEngine engine([](RawStream& stream) { write_frame(stream, StdioStream::out, "hello\n"); }, 3);
  engine.answer("GET", "/containers/{id}/json", 200,
                {{"Id", kId},
                 {"State", {{"Running", false}}},
                 {"Config", {{"Tty", false}, {"OpenStdin", false}}},
                 {"HostConfig", {{"AutoRemove", true}}}});
  const auto attached = engine.slipway({"start", "-a", "web"});
  INFO(attached);
  CHECK(attached.status == 3);
  CHECK(attached.out == "hello\n");
  CHECK_THAT(engine.requests()[2], Contains("condition=removed"));
  CHECK_THAT(engine.slipway({"attach", "web"}).err,
             Contains("cannot attach to a stopped container"));
  CHECK_THAT(engine.slipway({"start", "-a", "a", "b"}).err,
             Contains("cannot start and attach multiple"));
}

TEST_CASE("commands for several containers go on after an error", "[cli]") {
  FakeEngine engine;
  engine.answer("POST", "/containers/bad/stop", 404, {{"message", "No such container: bad"}});
  engine.answer("POST", "/containers/{id}/stop", 204, {});
  const auto result = engine.slipway({"stop", "-t", "3", "a", "bad", "/b"});
  INFO(result);
  CHECK(result.status == 1);
  CHECK(result.out == "a\n/b\n");
  CHECK(result.err == "slipway: No such container: bad\n");
  CHECK(engine.requests() == Words{"POST /containers/a/stop?t=3", "POST /containers/bad/stop?t=3",
                                   "POST /containers/b/stop?t=3"});
}

TEST_CASE("kill, rm and wait ask what docker asks", "[cli]") {
  FakeEngine engine;
  engine.answer("POST", "/containers/{id}/kill", 204, {});
  engine.answer("DELETE", "/containers/gone", 404, {{"message", "No such container: gone"}});
  engine.answer("DELETE", "/containers/{id}", 204, {});
  engine.answer("POST", "/containers/{id}/wait", 200, {{"StatusCode", 5}});
  CHECK(engine.slipway({"kill", "a"}).out == "a\n");
  CHECK(engine.slipway({"container", "kill", "-s", "HUP", "a"}).out == "a\n");
  CHECK(engine.slipway({"rm", "-fv", "a"}).out == "a\n");
  CHECK(engine.slipway({"rm", "gone"}).status == 1);
  CHECK(engine.slipway({"rm", "-f", "gone"}).status == 0);  // it is gone: what was wanted
  CHECK(engine.slipway({"wait", "a"}).out == "5\n");
  CHECK(engine.requests() == Words{"POST /containers/a/kill?signal=KILL",
                                   "POST /containers/a/kill?signal=HUP",
                                   "DELETE /containers/a?v=1&force=1", "DELETE /containers/gone",
                                   "DELETE /containers/gone?force=1", "POST /containers/a/wait"});
}

TEST_CASE("names cannot leave their place in the path", "[cli][attack]") {
  FakeEngine engine;
  engine.slipway({"kill", "../../images/x?force=1"});
  CHECK(engine.requests() ==
        Words{"POST /containers/..%2F..%2Fimages%2Fx%3Fforce%3D1/kill?signal=KILL"});
}

TEST_CASE("ps: the table, ids, templates, filters", "[cli][ps]") {
  FakeEngine engine;
  engine.answer(
      "GET", "/containers/json", 200,
      json::array(
          {{{"Id", kId},
            {"Names", {"/web"}},
            {"Image", "nginx"},
            {"Command", "nginx -g 'daemon off;' and more"},
            {"Created", ::time(nullptr) - 300},
            {"State", "running"},
            {"Status", "Up 5 minutes"},
            {"Labels", {{"a", "b"}}},
            {"Ports",
             {{{"IP", "0.0.0.0"}, {"PrivatePort", 80}, {"PublicPort", 8080}, {"Type", "tcp"}},
              {{"PrivatePort", 443}, {"Type", "tcp"}}}}}}));
  const auto table = engine.slipway({"ps"});
  INFO(table);
  CHECK(
      table.out ==
      "CONTAINER ID   IMAGE     COMMAND                  CREATED         STATUS         PORTS      "
      "                     NAMES\n"
      "0123456789ab   nginx     \"nginx -g 'daemon of…\"   5 minutes ago   Up 5 minutes   "
      "0.0.0.0:8080->80/tcp, 443/tcp   web\n");
  CHECK(engine.slipway({"ps", "-q"}).out == "0123456789ab\n");
  CHECK(engine.slipway({"ps", "-q", "--no-trunc"}).out == std::string(kId) + "\n");
  CHECK(engine.slipway({"ps", "--format", "{{.Names}}:{{.State}}"}).out == "web:running\n");
  CHECK(engine.slipway({"ps", "--format", "table {{.Names}}\\t{{.Labels}}"}).out ==
        "NAMES     LABELS\nweb       a=b\n");
  engine.slipway(
      {"ps", "-a", "-f", "name=web", "-f", "status=exited", "-f", "status=created", "-n", "3"});
  CHECK(percent_decode(engine.requests().back()) ==
        "GET "
        "/containers/"
        "json?all=1&limit=3&filters={\"name\":[\"web\"],\"status\":[\"exited\",\"created\"]}");
  CHECK_THAT(engine.slipway({"ps", "-f", "name"}).err, Contains("invalid filter 'name'"));
}

TEST_CASE("logs take the streams apart and send what was asked for", "[cli][logs]") {
  FakeEngine engine;
  bool tty = false;
  engine.on("GET", "/containers/{id}/json", [&](Exchange& exchange) {
    exchange.respond(json_response(200, {{"Id", kId}, {"Config", {{"Tty", tty}}}}));
  });
  engine.on("GET", "/containers/{id}/logs", [&](Exchange& exchange) {
    exchange.begin_stream({.status = 200});
    exchange.write_chunk(tty ? "raw\r\n"
                             : encode_frame(StdioStream::out, "out\n") +
                                   encode_frame(StdioStream::err, "err\n"));
    exchange.end_stream();
  });
  const auto result =
      engine.slipway({"logs", "-f", "-t", "-n", "5", "--since", "1700000000", "web"});
  INFO(result);
  CHECK(result.out == "out\n");
  CHECK(result.err == "err\n");
  CHECK(engine.requests().back() ==
        "GET " +
            at("/logs?stdout=1&stderr=1&tail=5&follow=1&timestamps=1&since=1700000000.000000000"));
  tty = true;
  CHECK(engine.slipway({"logs", "web"}).out == "raw\r\n");
}

TEST_CASE("inspect looks for containers, then for other things", "[cli][inspect]") {
  FakeEngine engine;
  engine.answer("GET", "/containers/web/json", 200, {{"Id", "c1"}, {"State", {{"Pid", 42}}}});
  engine.answer("GET", "/images/{name:.*}/json", 200, {{"Id", "sha256:1"}});
  CHECK(json::parse(engine.slipway({"inspect", "web", "busybox"}).out) ==
        json::parse(R"([{"Id":"c1","State":{"Pid":42}},{"Id":"sha256:1"}])"));
  CHECK(engine.slipway({"inspect", "-f", "{{.State.Pid}}", "/web"}).out == "42\n");
  CHECK(engine.slipway({"inspect", "--type", "image", "-f", "{{.Id}}", "web"}).out == "sha256:1\n");
  engine.answer("GET", "/containers/nope/json", 404, {{"message", "No such container: nope"}});
  const auto missing = engine.slipway({"container", "inspect", "nope"});
  INFO(missing);
  CHECK(missing.status == 1);
  CHECK(missing.out == "[]\n");
  CHECK(missing.err == "slipway: No such container: nope\n");
  CHECK_THAT(engine.slipway({"inspect", "--type", "planet", "x"}).err, Contains("planet"));
}

TEST_CASE("an engine that dies in the middle of a run is an error, not a success", "[cli][run]") {
  FakeEngine engine;
  engine.answer("POST", "/containers/create", 201, {{"Id", kId}});
  engine.on("POST", "/containers/{id}/attach", [](Exchange& exchange) { exchange.hijack("x/y"); });
  engine.on("POST", "/containers/{id}/wait", [](Exchange& exchange) {
    exchange.begin_stream({.status = 200});
    throw std::runtime_error("killed");
  });
  engine.answer("POST", "/containers/{id}/start", 204, {});
  const auto result = engine.slipway({"run", "busybox", "true"});
  INFO(result);
  CHECK(result.status == 125);
  CHECK_THAT(result.err, Contains("slipway: "));
}
