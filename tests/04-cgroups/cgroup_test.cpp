/// \file
/// Both versions of Cgroup: on a tree of plain files, to see what is written where; and version 2 on the host's own unified
/// tree, which a hybrid host has, too.

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/launch/clone_process.hpp"
#include "04-cgroups/kernel/cgroup.hpp"
#include "04-cgroups/kernel/device_program.hpp"
#include "berth.hpp"

using namespace slipway;
using namespace slipway::test;
namespace fs = std::filesystem;

namespace {

/// A folder that looks like cgroups, as far as Slipway looks.
struct FakeTree {
  TempFolder folder;
  std::string root = folder.path();

  void file(const std::string& path, const std::string& text = "") const {
    fs::create_directories(fs::path(root + "/" + path).parent_path());
    write_text(root + "/" + path, text);
  }
  [[nodiscard]] std::string text(const std::string& path) const {
    return read_text(root + "/" + path);
  }
};

struct Version2Tree : FakeTree {
  Version2Tree() {
    file("cgroup.controllers", "cpuset cpu io memory pids\n");
    file("cgroup.subtree_control", "cpu memory\n");
    file("slipway/cgroup.subtree_control");
    for (const char* name : {"memory.max", "memory.swap.max", "memory.current", "memory.high",
                             "memory.peak", "cpu.max", "cpu.weight", "pids.max"}) {
      file(std::string("slipway/x/") + name, "max\n");
    }
  }
};

struct Version1Tree : FakeTree {
  Version1Tree() {
    for (const char* controller :
         {"memory", "cpu", "cpuacct", "pids", "devices", "freezer", "blkio", "cpuset"}) {
      file(std::string(controller) + "/tasks");
      file(std::string(controller) + "/slipway/x/tasks");
      file(std::string(controller) + "/slipway/x/cgroup.procs");
    }
    file("memory/slipway/x/memory.limit_in_bytes", "1000\n");
    file("memory/slipway/x/memory.memsw.limit_in_bytes", "2000\n");
    file("pids/slipway/x/pids.max", "max\n");
  }
};

Resources memory_limit(std::int64_t limit, std::int64_t both) {
  Resources resources;
  resources.memory = limit;
  resources.memory_and_swap = both;
  return resources;
}

/// A process that sleeps, born in a cgroup.
ClonedProcess sleeper_in(const Cgroup& cgroup) {
  const UniqueFd place = cgroup.birthplace();
  ClonedProcess process = clone_process(0, place.get());
  if (process.pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
  }
  return process;
}

int status_of(const ClonedProcess& process) {
  int status = 0;
  ::waitpid(process.pid, &status, 0);
  return status;
}

/// The host's version 2 tree; empty if it has none.
std::string unified_root() {
  for (const std::string root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    if (fs::exists(root + "/cgroup.controllers")) return root;
  }
  return {};
}

}  // namespace

TEST_CASE("version 2 hands controllers down, and writes its limits in one folder", "[04][v2]") {
  const Version2Tree tree;
  const Hierarchies hierarchies = Hierarchies::find(tree.root);
  REQUIRE(hierarchies.unified());
  CHECK(hierarchies.has("memory"));
  CHECK_FALSE(hierarchies.has("hugetlb"));
  open_cgroup(hierarchies, "/slipway/x")->make(memory_limit(1000, 3000));
  CHECK(tree.text("cgroup.subtree_control") == "+pids");  // the last of those that were missing
  CHECK(tree.text("slipway/cgroup.subtree_control") == "+pids");
  CHECK(tree.text("slipway/x/memory.max") == "1000");
  CHECK(tree.text("slipway/x/memory.swap.max") == "2000");
}

TEST_CASE("a change that the kernel refuses half way is taken back", "[04][v2][update][attack]") {
  const Version2Tree tree;
  const Hierarchies hierarchies = Hierarchies::find(tree.root);
  Resources resources = memory_limit(-1, -1);
  resources.cpu_shares = 1024;
  resources.pids = 5;
  resources.unified["memory.nosuch"] = "1";
  write_text(tree.root + "/slipway/x/cpu.weight", "77\n");
  CHECK_THROWS_AS(open_cgroup(hierarchies, "/slipway/x")->change(resources), SysError);
  CHECK(tree.text("slipway/x/cpu.weight") == "77");
  CHECK(tree.text("slipway/x/pids.max") == "max");
}

TEST_CASE("version 2 refuses to take away memory that is in use", "[04][v2][update][attack]") {
  const Version2Tree tree;
  const Hierarchies hierarchies = Hierarchies::find(tree.root);
  write_text(tree.root + "/slipway/x/memory.current", "5000\n");
  write_text(tree.root + "/slipway/x/memory.peak", "6000\n");
  CHECK_THROWS_WITH(open_cgroup(hierarchies, "/slipway/x")->change(memory_limit(1000, 1000)),
                    "unable to set memory limit to 1000 (current usage: 5000, peak usage: 6000)");
  CHECK(tree.text("slipway/x/memory.max") == "max\n");
  CHECK(tree.text("slipway/x/memory.high") == "max");
}

TEST_CASE("version 1 writes its limits in the trees, in an order that it takes", "[04][v1]") {
  const Version1Tree tree;
  const Hierarchies hierarchies = Hierarchies::find(tree.root);
  REQUIRE_FALSE(hierarchies.unified());
  const auto cgroup = open_cgroup(hierarchies, "/slipway/x");
  cgroup->make(memory_limit(5000, 6000));
  CHECK(tree.text("memory/slipway/x/memory.limit_in_bytes") == "5000");
  CHECK(tree.text("memory/slipway/x/memory.memsw.limit_in_bytes") == "6000");
  CHECK_FALSE(cgroup->birthplace());
  cgroup->enter();
  for (const char* controller : {"memory", "pids", "freezer"}) {
    CHECK(tree.text(std::string(controller) + "/slipway/x/tasks") == "0");
  }
}

TEST_CASE("version 1 for real: what a killed supervisor left frozen is killed and removed",
          "[04][v1][attack]") {
  if (unified_host()) return skip("this host has no version 1 trees");
  const Hierarchies hierarchies = Hierarchies::find();
  const auto cgroup = open_cgroup(hierarchies, test_group());
  cgroup->make({});
  const ClonedProcess process = clone_process(0, -1);
  if (process.pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    cgroup->enter();
    for (;;) ::pause();
  }
  REQUIRE(eventually([&] { return cgroup->processes().size() == 1; }, std::chrono::seconds(10)));
  cgroup->freeze();
  cgroup->kill();
  CHECK(WTERMSIG(status_of(process)) == SIGKILL);
  CHECK_FALSE(cgroup->frozen());
  CHECK(cgroup->remove());
  CHECK_FALSE(cgroup->exists());
}

TEST_CASE("version 1 kills without freezing: nobody may be left frozen", "[04][v1][attack]") {
  const Version1Tree tree;
  tree.file("freezer/slipway/x/freezer.state", "never written\n");
  const Hierarchies hierarchies = Hierarchies::find(tree.root);
  open_cgroup(hierarchies, "/slipway/x")->kill();
  CHECK(tree.text("pids/slipway/x/pids.max").starts_with("0"));
  CHECK(tree.text("freezer/slipway/x/freezer.state") == "never written\n");
}

TEST_CASE("a path that leads up is refused", "[04][attack]") {
  const Version1Tree tree;
  const Hierarchies hierarchies = Hierarchies::find(tree.root);
  for (const char* path : {"", "/", "x", "/../x", "/a/../b", "/a/.."}) {
    INFO(path);
    CHECK_THROWS_WITH(open_cgroup(hierarchies, path), Catch::Contains("linux.cgroupsPath"));
  }
}

TEST_CASE("version 2 for real: born in it, frozen, killed, removed", "[04][v2]") {
  if (unified_root().empty()) return skip("this host has no version 2 tree");
  const Hierarchies hierarchies = Hierarchies::find(unified_root());
  const std::string path = test_group();
  const auto cgroup = open_cgroup(hierarchies, path);
  CHECK_FALSE(cgroup->exists());
  cgroup->make({});
  CHECK(cgroup->exists());
  const ClonedProcess first = sleeper_in(*cgroup);
  CHECK(cgroup->processes() == std::vector<pid_t>{first.pid});
  CHECK_FALSE(cgroup->frozen());
  cgroup->freeze();
  CHECK(cgroup->frozen());
  cgroup->thaw();
  CHECK_FALSE(cgroup->frozen());
  cgroup->freeze();
  CHECK(cgroup->remove());  // frozen or not
  CHECK_FALSE(cgroup->exists());
  CHECK(WTERMSIG(status_of(first)) == SIGKILL);
  CHECK(cgroup->remove());
}

TEST_CASE("version 2 for real: groups below it go with it", "[04][v2]") {
  if (unified_root().empty()) return skip("this host has no version 2 tree");
  const Hierarchies hierarchies = Hierarchies::find(unified_root());
  const std::string path = test_group();
  const auto outer = open_cgroup(hierarchies, path);
  outer->make({});
  const std::string inner = unified_root() + path + "/a/b";
  fs::create_directories(inner);
  const ClonedProcess process = sleeper_in(*outer);
  write_text(inner + "/cgroup.procs", std::to_string(process.pid));
  CHECK(outer->processes() == std::vector<pid_t>{process.pid});
  CHECK(outer->remove());
  CHECK(WTERMSIG(status_of(process)) == SIGKILL);
  CHECK_FALSE(outer->exists());
}

TEST_CASE("version 2 for real: the device program allows and forbids", "[04][v2][devices]") {
  if (unified_root().empty()) return skip("this host has no version 2 tree");
  const Hierarchies hierarchies = Hierarchies::find(unified_root());
  const auto cgroup = open_cgroup(hierarchies, test_group());
  Resources resources;
  resources.devices = default_device_rules();
  resources.devices->push_back(
      {.allow = false, .type = 'c', .major = 1, .minor = 5, .access = "w"});
  cgroup->make(resources);
  TempFolder folder;
  const std::string kmsg = folder.path() / "kmsg";  // 1:11 is not among the rules
  const UniqueFd place = cgroup->birthplace();
  const ClonedProcess process = clone_process(0, place.get());
  if (process.pid == 0) {
    const bool made = ::mknod(kmsg.c_str(), S_IFCHR | 0600, makedev(1, 11)) == 0;
    const bool null = static_cast<bool>(UniqueFd(::open("/dev/null", O_RDWR)));
    const bool refused = !UniqueFd(::open(kmsg.c_str(), O_RDONLY)) && errno == EPERM;
    const bool readable = static_cast<bool>(UniqueFd(::open("/dev/zero", O_RDONLY)));
    const bool writable = static_cast<bool>(UniqueFd(::open("/dev/zero", O_WRONLY)));
    ::_exit((made ? 1 : 0) | (null ? 2 : 0) | (refused ? 4 : 0) | (readable ? 8 : 0) |
            (writable ? 16 : 0));
  }
  CHECK(WEXITSTATUS(status_of(process)) == 15);
  CHECK(cgroup->remove());
}

TEST_CASE("the device program is what the kernel takes for any rules", "[04][v2][devices]") {
  CHECK(device_program({}).size() == 8);
  const DeviceRules one = {{.allow = true, .type = 'c', .major = 1, .minor = 3, .access = "r"}};
  const auto program = device_program(one);
  REQUIRE(program.size() == 8 + 8);
  CHECK(program[6].off == 7);  // over the rest of the rule
  // A rule for everything is the last word.
  CHECK(device_program(default_device_rules()).back().code == (BPF_JMP | BPF_EXIT));
  CHECK(device_program(all_devices()).size() == 6 + 2);
}
