// Each box can be asked by curl, and each may die.

#include <nlohmann/json.hpp>

#include "clients.hpp"

using namespace slipway::test;

TEST_CASE("curl asks the engine, the supervisor and a shim what they know", "[acceptance]") {
  TestEngine& engine = shared_engine();
  const std::string name = random_name("asked");
  const std::string id =
      line_of(engine.slipway({"run", "-d", "--name", name, "busybox", "sleep", "60"}));
  const auto list = engine.http("GET", "/containers/json").json();
  REQUIRE(list.size() == 1);
  CHECK(list[0]["Id"] == id);
  CHECK(list[0]["Names"][0] == "/" + name);
  const auto tasks = TestEngine::http_at(engine.supervisor_socket(), "GET", "/tasks").json();
  REQUIRE(tasks.size() == 1);
  CHECK(tasks[0]["Id"] == id);
  // curl wants a path that fits a socket address (107 bytes); the test's folder is too deep for that.
  const std::filesystem::path shim = tasks[0]["ShimSocket"].get<std::string>();
  const std::filesystem::path short_way = engine.folder() / "shim";
  std::filesystem::create_directory_symlink(shim.parent_path(), short_way);
  const auto state = TestEngine::http_at(short_way / "shim.sock", "GET", "/state").json();
  std::filesystem::remove(short_way);
  CHECK(state["Id"] == id);
  CHECK(state["Status"] == "running");
  CHECK(state["Pid"] == tasks[0]["Pid"]);
  CHECK(engine.slipway({"rm", "-f", name}).status == 0);
}

TEST_CASE("a container outlives engine and supervisor: exit code and output are kept",
          "[acceptance]") {
  if (!needs("docker")) return;
  TestEngine engine;
  const std::string name = random_name("survivor");
  REQUIRE(engine
              .docker({"run", "-d", "--name", name, "busybox", "sh", "-c",
                       "sleep 3; echo done; exit 5"})
              .status == 0);
  engine.kill_supervisor();
  engine.kill_engine();
  engine.start();
  CHECK(line_of(engine.docker({"wait", name})) == "5");
  CHECK(engine.docker({"logs", name}).out == "done\n");
  CHECK(engine.docker({"rm", name}).status == 0);
  // The images are there as well: a start once took its own index for empty and threw all layers away.
  CHECK(engine.docker({"run", "--rm", "busybox", "echo", "still here"}).out == "still here\n");
}

TEST_CASE("the trace of run names each box and the kernel's calls", "[acceptance]") {
  TestEngine& engine = shared_engine();
  const auto result = engine.slipway({"--explain", "run", "--rm", "busybox", "echo", "seen"});
  INFO(result);
  CHECK(result.out == "seen\n");
  for (const std::string word : {"cli:", "engine:", "supervisor:", "shim:", "container:", "clone3",
                                 "overlay", "pivot_root", "execve"}) {
    INFO("looking for " << word);
    CHECK(result.err.find(word) != std::string::npos);
  }
}
