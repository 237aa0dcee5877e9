// `run` as people use it: output, exit codes, standard input.

#include "clients.hpp"

using namespace slipway::test;

namespace {

/// Bytes of every value, more than any buffer on the way holds.
std::string many_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  unsigned value = 1;
  for (char& byte : bytes) {
    value = value * 1664525 + 1013904223;
    byte = static_cast<char>(value >> 24);
  }
  return bytes;
}

}  // namespace

TEST_CASE("run prints the command's output and returns its exit code", "[acceptance]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const auto hello = client.run({"run", "--rm", "busybox", "echo", "hi"});
  INFO(hello);
  CHECK(hello.status == 0);
  CHECK(hello.out == "hi\n");
  CHECK(hello.err.empty());
  const auto seven =
      client.run({"run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2; exit 7"});
  INFO(seven);
  CHECK(seven.status == 7);
  CHECK(seven.out == "out\n");
  CHECK(seven.err == "err\n");
}

TEST_CASE("a signal's exit code is 128 and its number", "[acceptance]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const auto result = client.run({"run", "--rm", "slipway-test", "/probe", "exit", "42"});
  INFO(result);
  CHECK(result.status == 42);
  const std::string name = random_name("killed");
  RunningCommand running(
      client.line({"run", "--rm", "--name", name, "busybox", "sh", "-c", "echo up; sleep 60"}));
  REQUIRE(running.wait_for_output("up"));
  CHECK(client.run({"kill", name}).status == 0);
  CHECK(running.finish().status == 137);
}

TEST_CASE("what cannot run has docker's exit codes 125, 126 and 127", "[acceptance]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const auto missing = client.run({"run", "--rm", "busybox", "nosuch"});
  INFO(missing);
  CHECK(missing.status == 127);
  CHECK(missing.err.find("executable file not found in $PATH") != std::string::npos);
  const auto forbidden = client.run({"run", "--rm", "slipway-test", "/notexec"});
  INFO(forbidden);
  CHECK(forbidden.status == 126);
  CHECK(forbidden.err.find("permission denied") != std::string::npos);
  const auto flag = client.run({"run", "--nosuch", "busybox"});
  INFO(flag);
  CHECK(flag.status == 125);
  CHECK(flag.err.find("unknown flag: --nosuch") != std::string::npos);
  const auto image = client.run({"run", "--rm", "no-such-image", "true"});
  INFO(image);
  CHECK(image.status == 125);
  CHECK(image.err.find("no-such-image") != std::string::npos);
}

TEST_CASE("standard input reaches the command, and its end does too", "[acceptance]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const auto line = client.run({"run", "-i", "--rm", "busybox", "cat"}, {.input = "x\n"});
  INFO(line);
  CHECK(line.status == 0);
  CHECK(line.out == "x\n");
  const std::string bytes = many_bytes(3 * 1024 * 1024);
  const auto all = client.run({"run", "-i", "--rm", "busybox", "cat"}, {.input = bytes});
  CHECK(all.status == 0);
  CHECK(all.out.size() == bytes.size());
  CHECK(all.out == bytes);
}

TEST_CASE("a command that ends before its input does not hang the client", "[acceptance]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const auto result =
      client.run({"run", "-i", "--rm", "busybox", "head", "-c", "3"},
                 {.input = many_bytes(2 * 1024 * 1024), .within = std::chrono::seconds(20)});
  CHECK_FALSE(result.timed_out);
  CHECK(result.out.size() == 3);
}

TEST_CASE("much output arrives whole, and in the log as well", "[acceptance]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const std::string name = random_name("loud");
  const auto result = client.run({"run", "--name", name, "busybox", "seq", "1", "200000"});
  CHECK(result.status == 0);
  CHECK(result.out.size() == 1288895);
  CHECK(result.out.ends_with("199999\n200000\n"));
  CHECK(client.run({"logs", name}).out == result.out);
  CHECK(client.run({"logs", "--tail", "2", name}).out == "199999\n200000\n");
  CHECK(client.run({"rm", name}).status == 0);
}

TEST_CASE("environment, working directory, user and host name are as asked", "[acceptance]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const auto result =
      client.run({"run", "--rm", "-e", "A=1 2", "-w", "/tmp", "-u", "12:34", "-h", "ship",
                  "busybox", "sh", "-c", "echo \"$A\"; pwd; id -u; id -g; hostname"});
  INFO(result);
  CHECK(result.out == "1 2\n/tmp\n12\n34\nship\n");
}
