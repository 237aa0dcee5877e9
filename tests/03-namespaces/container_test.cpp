// Stage 03's programs as a whole: what a container sees from inside, and what the host sees of it.
// The root is a folder with Debian's static busybox and /probe in it; there are no images yet.

#include <filesystem>
#include <nlohmann/json.hpp>

#include "harbour.hpp"

namespace fs = std::filesystem;
using namespace slipway::test;
using namespace std::chrono_literals;

namespace {

std::string namespace_of(const std::string& pid, const std::string& kind) {
  return fs::read_symlink("/proc/" + pid + "/ns/" + kind).string();
}

}  // namespace

TEST_CASE("inside, a container is alone", "[engine][03]") {
  Harbour harbour;
  const auto who = harbour.run({"--hostname", "quay"}, {"/probe", "id"});
  INFO(who);
  CHECK(who.status == 0);
  CHECK_THAT(who.out, Catch::Contains("pid 1\n") && Catch::Contains("ppid 0\n") &&
                          Catch::Contains("uid 0\n") && Catch::Contains("hostname quay\n") &&
                          Catch::Contains("cwd /\n"));
  CHECK(harbour.run({}, {"/probe", "pids"}).out == "1\n");
  CHECK(harbour.run({}, {"/probe", "links"}).out == "lo\n");
  CHECK(lines_of(harbour.run({}, {"/probe", "fds"}).out).size() <=
        4);  // 0, 1, 2 and the listing itself
}

TEST_CASE("each container has namespaces of its own (03-I1)", "[engine][03]") {
  Harbour harbour;
  const auto name = random_name("ns");
  const auto pid = std::to_string(harbour.start(name));
  for (const std::string kind : {"mnt", "pid", "uts", "ipc", "net", "cgroup"}) {
    INFO("/proc/" << pid << "/ns/" << kind);
    CHECK(namespace_of(pid, kind) != namespace_of("self", kind));
  }
  CHECK(namespace_of(pid, "user") == namespace_of("self", "user"));
}

TEST_CASE("the host's mount table does not know about containers (03-I1)", "[engine][03]") {
  Harbour harbour;
  const auto before = read_text("/proc/self/mountinfo");
  const auto pid = harbour.start(random_name("mounts"));
  CHECK(read_text("/proc/self/mountinfo") == before);
  // And the other way: nothing of the host's is left in there.
  const auto inside = read_text("/proc/" + std::to_string(pid) + "/mountinfo");
  INFO(inside);
  for (const std::string& line : lines_of(inside)) {
    std::istringstream words(line);
    std::string id, parent, device, source, target;
    words >> id >> parent >> device >> source >> target;
    INFO(line);
    CHECK((target == "/" || target.starts_with("/proc") || target.starts_with("/sys") ||
           target.starts_with("/dev")));
  }
}

TEST_CASE("/dev holds docker's devices and nothing of the host's", "[engine][03]") {
  Harbour harbour;
  const auto devices = harbour.sh(
      "for d in null zero full random urandom tty; do b stat -c '%n %F %t:%T %a' /dev/$d; done; "
      "for l in fd stdin stdout stderr ptmx core; do b readlink /dev/$l; done; "
      "echo x > /dev/null && b head -c 3 /dev/zero | b wc -c; echo x > /dev/full || echo full; "
      "echo ok > /dev/stdout");
  INFO(devices);
  CHECK_THAT(devices.out, Catch::Contains("/dev/null character special file 1:3 666") &&
                              Catch::Contains("/dev/zero character special file 1:5 666") &&
                              Catch::Contains("/dev/full character special file 1:7 666") &&
                              Catch::Contains("/dev/random character special file 1:8 666") &&
                              Catch::Contains("/dev/urandom character special file 1:9 666") &&
                              Catch::Contains("/dev/tty character special file 5:0 666") &&
                              Catch::Contains("/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/"
                                              "proc/self/fd/2\npts/ptmx\n/proc/kcore\n") &&
                              Catch::Contains("3\nfull\nok\n"));
  const auto listing = harbour.sh("b ls /dev");
  CHECK(lines_of(listing.out) ==
        std::set<std::string>{"core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random",
                              "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"});
}

TEST_CASE("what shows or changes the host is masked (03-I4)", "[engine][03]") {
  Harbour harbour;
  const auto files = harbour.sh(
      "for f in kcore keys timer_list interrupts; do test -e /proc/$f && b stat -c '%t:%T' "
      "/proc/$f; done; true");
  INFO(files);
  CHECK(lines_of(files.out) == std::set<std::string>{"1:3"});
  CHECK(
      harbour.sh("b ls /sys/firmware /proc/acpi 2>/dev/null | b grep -v : | b grep .").out.empty());
  for (const std::string path : {"/proc/sys/kernel/domainname", "/proc/sysrq-trigger",
                                 "/sys/kernel/mm/x", "/sys/firmware/x"}) {
    const auto written = harbour.sh("echo x > " + path);
    INFO(written);
    CHECK(written.status != 0);
  }
}

TEST_CASE("root in a container has docker's capabilities and no more", "[engine][03]") {
  Harbour harbour;
  const auto root = harbour.run({}, {"/probe", "caps"});
  INFO(root);
  CHECK_THAT(root.out, Catch::Contains("CapInh:\t0000000000000000") &&
                           Catch::Contains("CapPrm:\t00000000a80425fb") &&
                           Catch::Contains("CapEff:\t00000000a80425fb") &&
                           Catch::Contains("CapBnd:\t00000000a80425fb") &&
                           Catch::Contains("CapAmb:\t0000000000000000"));
  const auto user = harbour.run({"--user", "app"}, {"/probe", "caps"});
  INFO(user);
  CHECK_THAT(user.out, Catch::Contains("CapPrm:\t0000000000000000") &&
                           Catch::Contains("CapEff:\t0000000000000000"));
}

TEST_CASE("a user is looked up in the container's files", "[engine][03]") {
  Harbour harbour;
  const auto app = harbour.run({"--user", "app"}, {"/probe", "id"});
  INFO(app);
  CHECK_THAT(app.out, Catch::Contains("uid 1000\ngid 1000\n") && Catch::Contains("50"));
  CHECK_THAT(harbour.run({"--user", "app"}, {"/probe", "env"}).out,
             Catch::Contains("HOME=/home/app\n"));
  CHECK_THAT(harbour.run({"--user", "7:8"}, {"/probe", "id"}).out,
             Catch::Contains("uid 7\ngid 8\n"));
  CHECK(harbour.sh("echo mine > /dev/stdout", {"--user", "app"}).out == "mine\n");
  const auto nosuch = harbour.run({"--user", "nosuch"}, {"/probe", "id"});
  INFO(nosuch);
  CHECK(nosuch.status == 125);
  CHECK_THAT(nosuch.err,
             Catch::Contains("unable to find user nosuch: no matching entries in passwd file"));
}

TEST_CASE("a command that cannot run ends with docker's exit codes", "[engine][03]") {
  Harbour harbour;
  const auto [command, status, words] = GENERATE(table<std::string, int, std::string>({
      {"nosuch", 127, "exec: \"nosuch\": executable file not found in $PATH"},
      {"/x/y", 127, "exec: \"/x/y\": stat /x/y: no such file or directory"},
      {"/etc/passwd", 126, "exec: \"/etc/passwd\": permission denied"},
      {"/etc", 126, "exec: \"/etc\": permission denied"},
  }));
  const auto result = harbour.run({}, {command});
  INFO(result);
  CHECK(result.status == status);
  CHECK_THAT(result.err, Catch::Contains(words));
}

TEST_CASE("a working directory is made, and is inside", "[engine][03]") {
  Harbour harbour;
  CHECK_THAT(harbour.run({"--workdir", "/new/folder"}, {"/probe", "id"}).out,
             Catch::Contains("cwd /new/folder\n"));
  // A user who may not enter it starts there all the same: the shim went there first, as runc does.
  fs::create_directory(harbour.root + "/private");
  fs::permissions(harbour.root + "/private", fs::perms::owner_all);
  CHECK(harbour.run({"--workdir", "/private", "--user", "app"}, {"/probe", "exit", "3"}).status ==
        3);
}

TEST_CASE("CVE-2024-21626: a descriptor of ours is no working directory", "[engine][03][cve]") {
  Harbour harbour;
  for (int fd = 3; fd < 20; ++fd) {
    const auto result =
        harbour.run({"--workdir", "/proc/self/fd/" + std::to_string(fd)}, {"/probe", "id"});
    INFO(result);
    CHECK(result.status == 125);
  }
}

TEST_CASE("CVE-2026-55686: a working directory that links out is made inside",
          "[engine][03][cve]") {
  Harbour harbour;
  const fs::path canary = harbour.folder.path() / "canary";
  fs::create_directory(canary);
  fs::create_symlink(canary, harbour.root + "/w");
  fs::create_symlink("../../canary", harbour.root + "/v");
  for (const char* folder : {"/w/x", "/v/x"}) {
    const auto result = harbour.run({"--workdir", folder}, {"/probe", "id"});
    INFO(result);
    CHECK(result.status != 0);
  }
  CHECK(fs::is_empty(canary));
}

TEST_CASE("CVE-2026-41579: an image's /dev, /proc and /sys cannot point elsewhere",
          "[engine][03][cve]") {
  Harbour harbour;
  const fs::path canary = harbour.folder.path() / "canary";
  fs::create_directory(canary);
  const auto name = GENERATE(values<std::string>({"dev", "proc", "sys"}));
  fs::create_symlink(canary, harbour.root + "/" + name);
  // And the same path exists inside, so that the link leads somewhere.
  fs::create_directories(harbour.root + canary.string());
  const auto result = harbour.run({}, {"/probe", "id"});
  INFO(result);
  CHECK(result.status == 125);
  CHECK_THAT(result.err, Catch::Contains("must be mounted on ordinary directory"));
  CHECK(fs::is_empty(canary));
}

TEST_CASE("a read-only root keeps its files, and /dev/shm stays writable", "[engine][03]") {
  Harbour harbour;
  const auto result = harbour.sh(
      "echo x > /dev/shm/x && b cat /dev/shm/x; echo x > /x || echo refused", {"--read-only"});
  INFO(result);
  CHECK_THAT(result.out, Catch::Contains("x\nrefused\n"));
  CHECK_FALSE(fs::exists(harbour.root + "/x"));
}

TEST_CASE("one can walk out of a chroot, not out of a pivot_root (03-I3)", "[engine][03]") {
  Harbour harbour;
  const auto marker = random_name("inside");
  write_text(harbour.root + "/" + marker, "");
  const auto chroot = run_command({"chroot", harbour.root, "/probe", "escape"});
  INFO(chroot);
  REQUIRE(chroot.status == 0);
  CHECK(lines_of(chroot.out).count("root") == 1);  // the host's "/"
  CHECK(lines_of(chroot.out).count(marker) == 0);
  const auto container = harbour.run({}, {"/probe", "escape"});
  INFO(container);
  CHECK(container.status == 0);
  CHECK(lines_of(container.out).count("root") == 0);
  CHECK(lines_of(container.out).count(marker) == 1);  // still our own
}

TEST_CASE("the host's name, processes and network may be shared on request", "[engine][03]") {
  Harbour harbour;
  const auto links = run_command({"ls", "/sys/class/net"});
  CHECK(lines_of(harbour.run({"--network", "host"}, {"/probe", "links"}).out) ==
        lines_of(links.out));
  CHECK(lines_of(harbour.run({"--pid", "host"}, {"/probe", "pids"}).out).size() > 1);
  const auto name = run_command({"hostname"});
  CHECK_THAT(harbour.run({"--uts", "host"}, {"/probe", "id"}).out,
             Catch::Contains("hostname " + name.out));
}
