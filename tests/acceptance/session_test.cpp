// A container's days: run -d, ps, logs, inspect, stop, rm, with both clients.

#include "clients.hpp"

using namespace slipway::test;

TEST_CASE("a detached container lives, is seen, stops and goes", "[acceptance]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const std::string name = random_name("web");
  const auto started =
      client.run({"run", "-d", "--name", name, "busybox", "sh", "-c", "echo ready; sleep 100"});
  INFO(started);
  REQUIRE(started.status == 0);
  const std::string id = line_of(started);
  CHECK(id.size() == 64);

  const auto ps = client.run({"ps", "--filter", "name=" + name});
  INFO(ps);
  CHECK(ps.out.find(name) != std::string::npos);
  CHECK(ps.out.find("Up ") != std::string::npos);

  RunningCommand logs(client.line({"logs", "-f", name}));
  CHECK(logs.wait_for_output("ready"));

  const auto pid = client.run({"inspect", "-f", "{{.State.Pid}}", name});
  INFO(pid);
  CHECK(std::filesystem::exists("/proc/" + line_of(pid) + "/ns/pid"));

  CHECK(client.run({"rm", name}).status == 1);  // it runs
  const auto stopped = client.run({"stop", "-t", "1", name});
  INFO(stopped);
  CHECK(stopped.status == 0);
  CHECK(logs.finish().status == 0);  // the end of the container ends `logs -f`
  CHECK(line_of(client.run({"inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}",
                            id.substr(0, 12)})) == "exited 137");
  CHECK(client.run({"rm", name}).status == 0);
  CHECK(line_of(client.run({"ps", "-aq", "--filter", "name=" + name})).empty());
}

TEST_CASE("create, start -a and wait agree about the exit code", "[acceptance]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const std::string name = random_name("later");
  REQUIRE(
      client.run({"create", "--name", name, "busybox", "sh", "-c", "echo now; exit 3"}).status ==
      0);
  const auto attached = client.run({"start", "-a", name});
  INFO(attached);
  CHECK(attached.status == 3);
  CHECK(attached.out == "now\n");
  CHECK(line_of(client.run({"wait", name})) == "3");
  CHECK(client.run({"start", name}).status == 0);  // a second run of the same container
  CHECK(line_of(client.run({"wait", name})) == "3");
  CHECK(client.run({"logs", name}).out == "now\nnow\n");
  CHECK(client.run({"rm", name}).status == 0);
}

TEST_CASE("images: load, list, tag, remove", "[acceptance]") {
  if (!needs("docker")) return;
  TestEngine& engine = shared_engine();
  const Client client = each_client(engine);
  const std::string tag = random_name("copy") + ":v1";
  CHECK(client.run({"tag", "busybox", tag}).status == 0);
  const auto images = client.run({"images"});
  INFO(images);
  CHECK(images.out.find("busybox") != std::string::npos);
  CHECK(client.run({"run", "--rm", tag, "true"}).status == 0);
  const auto inspected = client.run({"inspect", "-f", "{{.Id}}", tag});
  CHECK(line_of(inspected) == line_of(client.run({"inspect", "-f", "{{.Id}}", "busybox"})));
  const auto removed = client.run({"rmi", tag});
  INFO(removed);
  CHECK(removed.status == 0);
  CHECK(removed.out == "Untagged: " + tag + "\n");
  CHECK(client.run({"run", "--rm", "busybox", "true"}).status == 0);
}

TEST_CASE("an image in use is not removed", "[acceptance]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const std::string name = random_name("user");
  REQUIRE(client.run({"create", "--name", name, "busybox", "true"}).status == 0);
  const auto refused = client.run({"rmi", "busybox"});
  INFO(refused);
  CHECK(refused.status == 1);
  CHECK(refused.err.find("is using its referenced image") != std::string::npos);
  CHECK(client.run({"rm", name}).status == 0);
}

TEST_CASE("files that a container writes stay its own, and stay when it stops", "[acceptance]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const std::string name = random_name("writer");
  REQUIRE(
      client.run({"run", "--name", name, "busybox", "sh", "-c", "cat /n 2>/dev/null; echo x >> /n"})
          .status == 0);
  CHECK(client.run({"start", "-a", name}).out == "x\n");
  CHECK(client.run({"run", "--rm", "busybox", "cat", "/n"}).status == 1);
  CHECK(client.run({"rm", name}).status == 0);
}
