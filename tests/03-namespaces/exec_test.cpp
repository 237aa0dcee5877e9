// exec and terminals inside walls: what joins a container, and what it brings along.

#include <nlohmann/json.hpp>

#include <filesystem>
#include <sstream>

#include "harbour.hpp"
#include "harness/harness.hpp"

namespace fs = std::filesystem;
using namespace slipway::test;
using Catch::Contains;

namespace {

/// An engine, and a container of it that stays.
struct Quay {
  TempFolder folder;
  TestEngine engine{{.stage = "03", .images = false}};
  std::string root = folder.path() / "root";
  std::string name = random_name("quay");

  explicit Quay(const std::vector<std::string>& flags = {}) {
    fs::create_directories(fs::path(root) / "bin");
    fs::create_directories(fs::path(root) / "etc");
    fs::copy_file("/bin/busybox", root + "/bin/busybox");
    for (const char* applet : {"sh", "ls", "cat", "readlink", "tty", "stty", "stat"}) {
      fs::create_symlink("busybox", root + "/bin/" + applet);
    }
    fs::copy_file(Environment::get().build / "images/probe", root + "/probe");
    write_text(root + "/etc/passwd",
               "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:App:/home/app:/bin/sh\n");
    write_text(root + "/etc/group", "root:x:0:\napp:x:1000:\nstaff:x:50:app\n");
    run_trap(engine, root, name, flags);
  }
  CommandResult exec(std::vector<std::string> flags, const std::vector<std::string>& command,
                     CommandOptions options = {}) {
    flags.insert(flags.begin(), "exec");
    flags.push_back(name);
    flags.insert(flags.end(), command.begin(), command.end());
    return engine.slipway(flags, std::move(options));
  }
};

}  // namespace

TEST_CASE("an exec is in all of the container's namespaces, and in its pid namespace",
          "[exec][03]") {
  Quay quay;
  const auto answer = quay.engine.http("GET", "/containers/" + quay.name + "/json");
  const int pid = answer.json()["State"]["Pid"];
  const auto spaces = quay.exec({}, {"/probe", "ns"});
  INFO(spaces);
  for (const char* kind : {"mnt", "pid", "uts", "ipc", "net", "cgroup"}) {
    const std::string link = "/proc/" + std::to_string(pid) + "/ns/" + kind;
    CHECK_THAT(spaces.out, Contains(fs::read_symlink(link).string()));
  }
  const auto id = quay.exec({}, {"/probe", "id"});
  CHECK_THAT(id.out, Contains("ppid 0\n") && Contains("cwd /\n"));
}

TEST_CASE(
    "CVE-2022-29162, CVE-2022-36109: an exec has the container's capabilities and groups, no more",
    "[exec][03][cve]") {
  Quay quay;
  const auto root = quay.exec({}, {"/probe", "caps"});
  INFO(root);
  CHECK_THAT(root.out,
             Contains("CapInh:\t0000000000000000") && Contains("CapPrm:\t00000000a80425fb") &&
                 Contains("CapBnd:\t00000000a80425fb") && Contains("CapAmb:\t0000000000000000"));
  const auto user = quay.exec({"-u", "app"}, {"/probe", "caps"});
  CHECK_THAT(user.out,
             Contains("CapInh:\t0000000000000000") && Contains("CapEff:\t0000000000000000"));
  const auto all = quay.exec({"--privileged"}, {"/probe", "caps"});
  INFO(all);
  CHECK_THAT(all.out, Contains("CapInh:\t0000000000000000") && !Contains("00000000a80425fb"));
  CHECK_THAT(quay.exec({"-u", "app"}, {"/probe", "id"}).out,
             Contains("uid 1000\ngid 1000\n") && Contains("groups 50 1000\n"));
  CHECK_THAT(quay.exec({"-u", "7:8"}, {"/probe", "id"}).out, Contains("uid 7\ngid 8\n"));
}

TEST_CASE("CVE-2024-40635: an exec's user is exactly that one, or an error", "[exec][03][cve]") {
  Quay quay;
  for (const char* user : {"2147483648", "4294967295", "4294967296", "-1", "0x0", ":", "1:", ":1",
                           "1:2:3", " 0", "nosuch"}) {
    const auto result = quay.exec({"--user=" + std::string(user)}, {"/probe", "id"});
    INFO(result);
    CHECK(result.status == 126);
    CHECK_THAT(result.out, !Contains("\nuid "));
  }
}

TEST_CASE("CVE-2024-21626: an exec has no descriptor and no folder of the host's",
          "[exec][03][cve]") {
  Quay quay;
  const auto fds = quay.exec({}, {"/probe", "fds"});
  INFO(fds);
  std::istringstream lines(fds.out);
  for (std::string line; std::getline(lines, line);) CHECK_THAT("012", Contains(line.substr(0, 1)));
  for (int fd = 3; fd < 24; ++fd) {
    const auto result = quay.exec({"-w", "/proc/self/fd/" + std::to_string(fd)}, {"/probe", "id"});
    INFO(result);
    CHECK(result.status != 0);
    CHECK_THAT(result.out, !Contains("uid"));
  }
}

TEST_CASE("CVE-2016-9962: what enters a container shows nothing of the host there",
          "[exec][03][cve]") {
  Quay quay;
  // Looks at the newest processes, as fast as it can, until it is told to stop.
  auto spy = RunningCommand(quay.engine.slipway_line(
      {"exec", "--privileged", quay.name, "sh", "-c",
       "echo ready; while [ ! -e /stop ]; do for p in /proc/[0-9]*; do for l in $p/root $p/cwd "
       "$p/fd/*; do t=$(readlink $l) && case $t in /|/proc/*|pipe:*|socket:*|/dev/null|/dev/pts/*) "
       ";; *) echo \"$l $t\";; esac; done; done; done 2>/dev/null; echo over"}));
  REQUIRE(spy.wait_for_output("ready"));
  for (int i = 0; i < 40; ++i) CHECK(quay.exec({}, {"/probe", "exit", "7"}).status == 7);
  write_text(quay.root + "/stop", "");
  const auto seen = spy.finish();
  INFO(seen);
  CHECK(seen.out == "ready\nover\n");
}

TEST_CASE("CVE-2016-8649, CVE-2016-10124: an exec without a terminal has none of the host's",
          "[exec][03][cve]") {
  Quay quay;
  const auto exec = quay.exec({},
                              {"sh", "-c",
                               "for fd in 0 1 2; do test -t $fd && echo a tty at $fd; done; (: < "
                               "/dev/tty) 2>/dev/null && echo a controlling tty; echo done"},
                              {.input = {}, .terminal = true});
  INFO(exec);
  CHECK(exec.out == "done\r\n");
}

TEST_CASE("CVE-2025-52565, CVE-2016-10124: a terminal is the container's own", "[exec][03][cve]") {
  Quay quay;
  const auto exec = quay.exec({"-it"}, {"sh", "-c", "tty; stat -c %t /dev/pts/0; cat < /dev/tty &"},
                              {.input = {}, .terminal = true});
  INFO(exec);
  CHECK(exec.status == 0);
  CHECK_THAT(exec.out, Contains("/dev/pts/0"));
  CHECK_THAT(exec.out, Contains("88"));  // major 136
  const auto run =
      quay.engine.slipway({"run", "--rm", "-it", quay.root, "sh", "-c",
                           "tty; stat -c '%t %T' /dev/console; stat -f -c %t /dev/console"},
                          {.terminal = true});
  INFO(run);
  CHECK(run.status == 0);
  CHECK_THAT(run.out, Contains("/dev/pts/0") && Contains("88 0") && Contains("1cd1"));
}

TEST_CASE("CVE-2025-52565: a /dev/pts that is none is refused", "[exec][03][cve]") {
  Quay quay({"--privileged"});
  const auto moved = quay.exec({}, {"sh", "-c",
                                    "/bin/busybox umount /dev/pts && /bin/busybox mkdir -p "
                                    "/dev/pts && echo x > /dev/pts/ptmx"});
  INFO(moved);
  REQUIRE(moved.status == 0);
  const auto exec = quay.exec({"-t"}, {"/probe", "tty"});
  INFO(exec);
  CHECK(exec.status == 126);
  CHECK_THAT(exec.out, Contains("/dev/pts is no devpts file system"));
}

TEST_CASE("CVE-2019-5736: the program behind /proc/self/exe cannot be written", "[exec][03][cve]") {
  Quay quay;
  const fs::path shim = Environment::get().build / "stage-03/slipway-shim";
  const std::string before = read_text(shim);
  const auto self = quay.exec({}, {"/proc/self/exe", "x", "y"});
  INFO(self);
  CHECK(self.status != 0);
  CHECK(read_text(shim) == before);
  const auto task = quay.engine.http("GET", "/containers/" + quay.name + "/json");
  const auto parent =
      read_text("/proc/" + std::to_string(task.json()["State"]["Pid"].get<int>()) + "/stat");
  const std::string shim_pid = [&] {
    std::istringstream words(parent.substr(parent.rfind(')') + 1));
    std::string state, ppid;
    words >> state >> ppid;
    return ppid;
  }();
  CHECK_THAT(fs::read_symlink("/proc/" + shim_pid + "/exe").string(),
             Contains("memfd:slipway-shim"));
}
