// exec, attach and terminals with both clients, and exec as clients without an upgrade ask for it.

#include <nlohmann/json.hpp>

#include "clients.hpp"

using namespace slipway::test;
using Catch::Contains;

namespace {

/// A container that stays until the engine goes.
std::string start_box(const Client& client, std::vector<std::string> flags = {}) {
  const std::string name = random_name("box");
  std::vector<std::string> line = {"run", "-d", "--name", name};
  line.insert(line.end(), flags.begin(), flags.end());
  line.insert(line.end(), {"busybox", "sh", "-c", "echo up; cat; sleep 1000"});
  const auto started = client.run(line);
  INFO(started);
  REQUIRE(started.status == 0);
  return name;
}

}  // namespace

TEST_CASE("exec: streams, environment, user, folder and exit codes", "[acceptance][exec]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const std::string box = start_box(client);
  const auto result =
      client.run({"exec", "-i", "-e", "A=b", "-u", "7:8", "-w", "/tmp", box, "sh", "-c",
                  "echo $A $(id -u):$(id -g); pwd; cat; echo oops >&2; exit 3"},
                 {.input = "typed\n"});
  INFO(result);
  CHECK(result.status == 3);
  CHECK(result.out == "b 7:8\n/tmp\ntyped\n");
  CHECK(result.err == "oops\n");
  const auto missing = client.run({"exec", box, "nosuch"});
  INFO(missing);
  CHECK(missing.status == 127);
  CHECK_THAT(missing.out + missing.err, Contains("executable file not found in $PATH"));
  CHECK(client.run({"exec", box, "/etc/passwd"}).status == 126);
  const auto nowhere = client.run({"exec", "-w", "/nosuch", box, "pwd"});
  INFO(nowhere);
  CHECK(nowhere.status == 127);
  CHECK(client.run({"rm", "-f", box}).status == 0);
}

TEST_CASE("exec -d leaves the command alone; a stopped container has none", "[acceptance][exec]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const std::string box = start_box(client);
  const auto detached = client.run({"exec", "-d", box, "sh", "-c", "echo x > /done; sleep 1000"});
  INFO(detached);
  CHECK(detached.status == 0);
  CHECK(detached.out.empty());
  CHECK(client.run({"exec", box, "sh", "-c", "while [ ! -s /done ]; do sleep 0.02; done"}).status ==
        0);
  CHECK(client.run({"kill", box}).status == 0);
  CHECK(line_of(client.run({"wait", box})) == "137");
  const auto refused = client.run({"exec", box, "true"});
  INFO(refused);
  CHECK(refused.status == 1);
  CHECK_THAT(refused.err, Contains(" is not running"));
  CHECK(client.run({"rm", box}).status == 0);
}

TEST_CASE("exec -it and run -it have a terminal", "[acceptance][exec][terminal]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const std::string box = start_box(client);
  const auto exec =
      client.run({"exec", "-it", box, "sh", "-c", "tty; echo $TERM; exit 4"}, {.terminal = true});
  INFO(exec);
  CHECK(exec.status == 4);
  CHECK_THAT(exec.out, Contains("/dev/pts/0\r\n") && Contains("xterm\r\n"));
  auto shell =
      RunningCommand::interactive(client.line({"run", "--rm", "-it", "busybox", "sh", "-c",
                                               "stty -echo; echo up; read a; echo \"<$a>\""}),
                                  {.terminal = true});
  REQUIRE(shell.wait_for_output("up"));
  shell.write("words\r");
  const auto ran = shell.finish();
  INFO(ran);
  CHECK(ran.status == 0);
  CHECK_THAT(ran.out, Contains("<words>\r\n"));
  CHECK(client.run({"rm", "-f", box}).status == 0);
}

TEST_CASE("attach: detach keys leave the container", "[acceptance][exec][terminal]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const std::string box = start_box(client, {"-i", "-t"});
  auto attach = RunningCommand::interactive(client.line({"attach", box}), {.terminal = true});
  attach.write("hello\r");
  // The container's own answer: the client has its terminal in raw mode by then. Before, ^Q would be the terminal's.
  REQUIRE(attach.wait_for_output("hello\r\nhello"));
  attach.write("\x10");
  attach.write("\x11");
  const auto left = attach.finish();
  INFO(left);
  CHECK(left.status == 1);
  CHECK_THAT(left.out, Contains("read escape sequence"));
  CHECK(line_of(client.run({"inspect", "-f", "{{.State.Status}}", box})) == "running");
  CHECK(client.run({"rm", "-f", box}).status == 0);
}

TEST_CASE("exec without an upgrade: 200, and frames until the end", "[acceptance][exec]") {
  TestEngine& engine = shared_engine();
  const std::string box = start_box({"slipway", engine});
  const auto made = engine.http(
      "POST", "/containers/" + box + "/exec",
      R"({"Cmd":["sh","-c","echo out; echo err >&2"],"AttachStdout":true,"AttachStderr":true})");
  INFO(made);
  REQUIRE(made.status == 201);
  const std::string id = made.json().at("Id");
  const auto ran = engine.http("POST", "/exec/" + id + "/start", R"({"Detach":false,"Tty":false})");
  INFO(ran);
  CHECK(ran.status == 200);
  CHECK(ran.headers.at("content-type") == "application/vnd.docker.raw-stream");
  CHECK_THAT(ran.body, Contains(std::string("\1\0\0\0\0\0\0\4out\n", 12)) &&
                           Contains(std::string("\2\0\0\0\0\0\0\4err\n", 12)));
  const auto state = engine.http("GET", "/exec/" + id + "/json").json();
  CHECK(state.at("Running") == false);
  CHECK(state.at("ExitCode") == 0);
  CHECK(engine.slipway({"rm", "-f", box}).status == 0);
}
