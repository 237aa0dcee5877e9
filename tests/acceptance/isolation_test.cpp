// What a container sees of itself, and what the host sees of it.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "clients.hpp"

using namespace slipway::test;

namespace {

std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string namespace_of(const std::string& pid, const std::string& kind) {
  return std::filesystem::read_symlink("/proc/" + pid + "/ns/" + kind).string();
}

}  // namespace

TEST_CASE("inside: pid 1, an own host name, only own processes and links", "[acceptance]") {
  TestEngine& engine = shared_engine();
  const auto result =
      engine.slipway({"run", "--rm", "-h", "box", "busybox", "sh", "-c",
                      "echo $$; hostname; ls -d /proc/[0-9]* | wc -l; ls /sys/class/net"});
  INFO(result);
  // Two or three processes: the shell, and those of its pipe at the moment of looking.
  std::istringstream lines(result.out);
  std::string pid, host, links;
  int processes = 0;
  lines >> pid >> host >> processes >> links;
  CHECK(pid == "1");
  CHECK(host == "box");
  CHECK(processes <= 3);
  CHECK(links == "lo");
}

TEST_CASE("the host's mount table has no new line while a container runs", "[acceptance]") {
  TestEngine& engine = shared_engine();
  const std::string before = read_all("/proc/self/mountinfo");
  const std::string name = random_name("mounts");
  REQUIRE(engine.slipway({"run", "-d", "--name", name, "busybox", "sleep", "60"}).status == 0);
  CHECK(read_all("/proc/self/mountinfo") == before);
  const auto mounts = engine.slipway({"run", "--rm", "busybox", "cat", "/proc/mounts"});
  INFO(mounts);
  CHECK(mounts.out.starts_with("overlay / overlay"));
  CHECK(mounts.out.find("proc /proc proc") != std::string::npos);
  CHECK(engine.slipway({"rm", "-f", name}).status == 0);
}

TEST_CASE("six namespaces of the container are not the host's", "[acceptance]") {
  TestEngine& engine = shared_engine();
  const std::string name = random_name("spaces");
  REQUIRE(engine.slipway({"run", "-d", "--name", name, "busybox", "sleep", "60"}).status == 0);
  const std::string pid = line_of(engine.slipway({"inspect", "-f", "{{.State.Pid}}", name}));
  for (const std::string kind : {"mnt", "pid", "uts", "ipc", "net", "cgroup"}) {
    INFO("/proc/" << pid << "/ns/" << kind);
    CHECK(namespace_of(pid, kind) != namespace_of("self", kind));
  }
  CHECK(engine.slipway({"rm", "-f", name}).status == 0);
}

TEST_CASE("nothing of ours leaks into a container", "[acceptance]") {
  TestEngine& engine = shared_engine();
  const auto result =
      engine.slipway({"run", "--rm", "busybox", "sh", "-c",
                      "ls /proc/1/fd; grep -E 'CapInh|CapAmb|CapBnd' /proc/1/status"});
  INFO(result);
  CHECK(
      result.out ==
      "0\n1\n2\nCapInh:\t0000000000000000\nCapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000\n");
}

TEST_CASE("kernel files that could hurt the host are read-only or masked", "[acceptance]") {
  TestEngine& engine = shared_engine();
  const auto result =
      engine.slipway({"run", "--rm", "busybox", "sh", "-c",
                      "echo x > /proc/sysrq-trigger; echo 1 > /proc/sys/kernel/panic;"
                      "echo x > /sys/kernel/profiling; cat /proc/kcore | wc -c"});
  INFO(result);
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') >= 3);
  CHECK(result.out.ends_with("0\n"));
}
