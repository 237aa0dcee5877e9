/// \file
/// exec and terminals through stage 02's programs: words, statuses, streams, exit codes, and what survives a kill.

#include "plain_engine.hpp"

#include "02-daemon/base/detach_filter.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;
using nlohmann::json;

namespace {

/// POST /containers/NAME/exec, which must succeed. \returns the exec's id
std::string make_exec(PlainEngine& engine, const std::string& name, json body) {
  const HttpAnswer answer = engine.http("POST", "/containers/" + name + "/exec", body.dump());
  INFO(answer);
  REQUIRE(answer.status == 201);
  return answer.json().at("Id");
}

json exec_state(PlainEngine& engine, const std::string& id) {
  return engine.http("GET", "/exec/" + id + "/json").json();
}

}  // namespace

TEST_CASE("detach keys: found however they are cut, the rest goes on", "[exec][02]") {
  DetachFilter filter("\x10\x11");
  CHECK(filter.pass("ab\x10") == "ab");
  CHECK(filter.pass("c") ==
        "\x10"
        "c");
  CHECK_FALSE(filter.detached());
  CHECK(filter.pass("\x10\x10\x11") == "\x10");
  CHECK(filter.detached());
  DetachFilter repeated("aab");
  CHECK(repeated.pass("aaa") == "a");
  CHECK(repeated.take_held() == "aa");
  CHECK(repeated.pass("aaab") == "a");
  CHECK(repeated.detached());
  CHECK_THROWS_WITH(parse_detach_keys("ctrl-"), Contains("ctrl-"));
}

TEST_CASE("exec refuses in docker's words", "[exec][02]") {
  PlainEngine engine;
  engine.run("box", "exec sleep 1000");
  const auto says = [&](const std::string& target, const std::string& body, int status,
                        const std::string& words) {
    const HttpAnswer answer = engine.http("POST", target, body);
    INFO(answer);
    CHECK(answer.status == status);
    CHECK_THAT(answer.body, Contains(words));
  };
  says("/containers/box/exec", "{}", 400, "No exec command specified");
  says("/containers/box/exec", R"({"Cmd":["true"],"Tty":"yes"})", 400, "Tty");
  says("/containers/box/exec", R"({"Cmd":["true"],"DetachKeys":"ctrl-p,foo"})", 400,
       "Invalid detach keys (ctrl-p,foo) provided");
  says("/containers/nosuch/exec", R"({"Cmd":["true"]})", 404, "No such container: nosuch");
  says("/exec/nosuch/start", "{}", 404, "No such exec instance: nosuch");
  says("/exec/nosuch/resize?h=1&w=1", "", 404, "No such exec instance: nosuch");
  const std::string id = make_exec(engine, "box", {{"Cmd", {"true"}}});
  says("/exec/" + id + "/resize?h=1&w=1", "", 400, "exec process is not started");
  says("/exec/" + id + "/start", R"({"Detach":true})", 200, "");
  says("/exec/" + id + "/start", R"({"Detach":true})", 409, "exec command " + id);
  says("/containers/box/resize?h=x&w=1", "", 400, "invalid resize height");
  const std::string late = make_exec(engine, "box", {{"Cmd", {"true"}}});
  engine.slipway({"kill", "box"});
  engine.wait("box");
  const std::string not_running =
      "container " + engine.inspect("box").at("Id").get<std::string>() + " is not running";
  says("/containers/box/exec", R"({"Cmd":["true"]})", 409, not_running);
  says("/exec/" + late + "/start", "{}", 409, not_running);
  says("/containers/box/resize?h=1&w=1", "", 409, not_running);
}

TEST_CASE("an exec has its streams, environment, folder and exit code", "[exec][02]") {
  PlainEngine engine;
  engine.run("box", "exec sleep 1000", {"-e", "SHIP=yawl"});
  const auto result = engine.slipway({"exec", "-i", "-e", "COLOUR=blue", "-w", "/usr", "box", "sh",
                                      "-c", "echo $SHIP $COLOUR; pwd; cat; echo oops >&2; exit 7"},
                                     {.input = "typed"});
  INFO(result);
  CHECK(result.status == 7);
  CHECK(result.out == "yawl blue\n/usr\ntyped");
  CHECK(result.err == "oops\n");
  for (const auto& [command, status] : {std::pair{"nosuch", 127}, {"/etc/passwd", 126}}) {
    const auto failed = engine.slipway({"exec", "box", command});
    INFO(failed);
    CHECK(failed.status == status);
    CHECK_THAT(failed.out, Contains("OCI runtime exec failed") && Contains(command));
  }
  CHECK(engine.logs("box").empty());  // an exec's output is not the container's
}

TEST_CASE("inspect shows an exec while it runs and afterwards", "[exec][02]") {
  PlainEngine engine;
  engine.run("box", "exec sleep 1000");
  const std::string id = make_exec(engine, "box", {{"Cmd", {"sh", "-c", "exec sleep 1000"}}});
  CHECK(exec_state(engine, id).at("ExitCode").is_null());
  CHECK(engine.http("POST", "/exec/" + id + "/start", R"({"Detach":true})").status == 200);
  const json running = exec_state(engine, id);
  CHECK(running.at("Running") == true);
  CHECK(running.at("ProcessConfig").at("entrypoint") == "sh");
  CHECK(running.at("ContainerID") == engine.inspect("box").at("Id"));
  CHECK(engine.inspect("box").at("ExecIDs") == json::array({id}));
  const pid_t pid = running.at("Pid");
  CHECK(alive(pid));
  // It goes down with the container.
  engine.slipway({"kill", "box"});
  engine.wait("box");
  for (int i = 0; i < 500 && exec_state(engine, id).at("Running") == true; ++i) {
    run_command({"sleep", "0.01"});
  }
  CHECK(exec_state(engine, id).at("ExitCode") == 137);
  CHECK_FALSE(alive(pid));
  CHECK(engine.inspect("box").at("ExecIDs").is_null());
}

TEST_CASE("a detached exec and its exit code survive both daemons", "[exec][02][recovery]") {
  PlainEngine engine;
  TempFolder folder;
  const std::string go = folder.path() / "go";
  engine.run("box", "exec sleep 1000");
  const std::string script = "while [ ! -e " + go + " ]; do sleep 0.02; done; exit 9";
  const std::string one = make_exec(engine, "box", {{"Cmd", {"sh", "-c", script}}});
  const std::string other = make_exec(engine, "box", {{"Cmd", {"sh", "-c", script}}});
  for (const std::string& id : {one, other}) {
    REQUIRE(engine.http("POST", "/exec/" + id + "/start", R"({"Detach":true})").status == 200);
  }
  const pid_t pid = exec_state(engine, one).at("Pid");
  engine.kill_daemons(true, true);
  CHECK(alive(pid));
  engine.start();
  CHECK(exec_state(engine, one).at("Running") == true);
  engine.kill_daemons(true, true);
  write_text(go, "");
  engine.start();
  for (const std::string& id : {one, other}) {
    for (int i = 0; i < 500 && exec_state(engine, id).at("Running") == true; ++i) {
      run_command({"sleep", "0.01"});
    }
    CHECK(exec_state(engine, id).at("ExitCode") == 9);
  }
}

TEST_CASE("execs tell of themselves as docker's do", "[exec][02]") {
  PlainEngine engine;
  engine.run("box", "exec sleep 1000");
  CHECK(engine.slipway({"exec", "box", "sh", "-c", "exit 3"}).status == 3);
  RunningCommand events(engine.slipway_line({"events", "--since", "0"}));
  CHECK(events.wait_for_output("exec_create: sh -c exit 3"));
  CHECK(events.wait_for_output("exec_start: sh -c exit 3"));
  CHECK(events.wait_for_output("exec_die"));
}

TEST_CASE("run -it: a terminal with a size, one stream, a raw log", "[exec][terminal][02]") {
  PlainEngine engine;
  const auto result = engine.slipway({"run", "--name", "box", "-it", "host", "sh", "-c",
                                      "test -t 0 && test -t 2 && echo yes >&2; exit 5"},
                                     {.terminal = true});
  INFO(result);
  CHECK(result.status == 5);
  CHECK_THAT(result.out, Contains("yes\r\n"));
  CHECK(engine.logs("box") == "yes\r\n");
}

TEST_CASE("the detach keys end attach and leave the container", "[exec][terminal][02]") {
  PlainEngine engine;
  auto run = RunningCommand::interactive(
      engine.slipway_line({"run", "--name", "box", "-it", "host", "sh", "-c", "echo up; cat"}),
      {.terminal = true});
  REQUIRE(run.wait_for_output("up"));
  run.write("\x10\x11");
  CHECK(run.finish().status == 0);
  CHECK(engine.status("box") == "running");
  auto attach = RunningCommand::interactive(
      engine.slipway_line({"attach", "--detach-keys", "x,y", "box"}), {.terminal = true});
  attach.write("hello\r");
  REQUIRE(attach.wait_for_output("hello"));
  attach.write("xy");
  const CommandResult left = attach.finish();
  INFO(left);
  CHECK(left.status == 1);
  CHECK_THAT(left.out, Contains("read escape sequence"));
  CHECK(engine.status("box") == "running");
}

TEST_CASE("a resize reaches the terminal of a container and of an exec", "[exec][terminal][02]") {
  PlainEngine engine;
  CHECK(engine.slipway({"run", "-d", "-t", "--name", "box", "host", "sleep", "1000"}).status == 0);
  CHECK(engine.http("POST", "/containers/box/resize?h=33&w=77").status == 200);
  const pid_t pid = engine.container_pid("box");
  const auto size = run_command({"stty", "-F", "/proc/" + std::to_string(pid) + "/fd/0", "size"});
  INFO(size);
  CHECK(size.out == "33 77\n");
  const std::string id = make_exec(
      engine, "box", {{"Cmd", {"sleep", "1000"}}, {"Tty", true}, {"ConsoleSize", {20, 60}}});
  CHECK(engine.http("POST", "/exec/" + id + "/start", R"({"Detach":true,"Tty":true})").status ==
        200);
  const std::string terminal =
      "/proc/" + std::to_string(exec_state(engine, id).at("Pid").get<int>()) + "/fd/0";
  CHECK(run_command({"stty", "-F", terminal, "size"}).out == "20 60\n");
  CHECK(engine.http("POST", "/exec/" + id + "/resize?h=21&w=61").status == 200);
  CHECK(run_command({"stty", "-F", terminal, "size"}).out == "21 61\n");
}
