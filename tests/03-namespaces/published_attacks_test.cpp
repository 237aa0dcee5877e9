// Published vulnerabilities of container runtimes, each as a test: a hostile root or option, and a canary folder beside
// the root whose listing, contents and modes must not change.

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "harbour.hpp"

namespace fs = std::filesystem;
using namespace slipway::test;
using Catch::Contains;

namespace {

/// A harbour with a folder that nothing may touch.
struct WatchedHarbour : Harbour {
  fs::path canary = folder.path() / "canary";

  WatchedHarbour() {
    fs::create_directory(canary);
    write_text(canary / "file", "untouched");
    fs::permissions(canary / "file", fs::perms::owner_read);
    // The same path inside, so that an absolute link leads somewhere in there too.
    fs::create_directories(root + canary.string());
  }
  ~WatchedHarbour() {
    struct stat about {};
    CHECK(::lstat((canary / "file").c_str(), &about) == 0);
    CHECK((about.st_mode & 07777) == 0400);
    CHECK(about.st_nlink == 1);
    CHECK(read_text(canary / "file") == "untouched");
    CHECK(std::distance(fs::directory_iterator(canary), {}) == 1);
  }
  WatchedHarbour(const WatchedHarbour&) = delete;
  WatchedHarbour& operator=(const WatchedHarbour&) = delete;

  void link(const std::string& name) { fs::create_symlink(canary, root + "/" + name); }
};

}  // namespace

TEST_CASE("CVE-2025-31133: masks are the null device, whatever the image calls /dev/null",
          "[engine][03][cve]") {
  WatchedHarbour harbour;
  fs::create_directories(harbour.root + "/dev");
  const auto kind = GENERATE(values<std::string>({"link", "file", "other device"}));
  const std::string null = harbour.root + "/dev/null";
  if (kind == "link") fs::create_symlink(harbour.canary / "file", null);
  if (kind == "file") write_text(null, "");
  if (kind == "other device") REQUIRE(::mknod(null.c_str(), S_IFCHR | 0666, ::makedev(1, 5)) == 0);
  const auto result = harbour.sh("b stat -c %t:%T /proc/keys /dev/null; echo x > /proc/timer_list");
  INFO(kind << " " << result);
  CHECK_THAT(result.out, Catch::StartsWith("1:3\n1:3\n"));
}

TEST_CASE("CVE-2025-52881: nothing may be mounted over /proc, and sysctls reach no other file",
          "[engine][03][cve]") {
  WatchedHarbour harbour;
  const auto place =
      GENERATE(values<std::string>({"/proc/sys", "/proc/self", "/proc/1", "/proc/sys/net",
                                    "/proc/self/attr", "/proc/../proc/sys"}));
  const auto host = read_text("/proc/sys/kernel/msgmax");
  const auto result =
      harbour.run({"--tmpfs", place, "--sysctl", "kernel.msgmax=9876"}, {"/probe", "exit", "0"});
  INFO(result);
  CHECK(result.status == 125);
  CHECK_THAT(result.err, Contains("inside /proc"));
  CHECK(read_text("/proc/sys/kernel/msgmax") == host);
}

TEST_CASE("CVE-2015-3630: nothing takes the place of /proc, and no link of the image's leads there",
          "[engine][03][cve]") {
  WatchedHarbour harbour;
  fs::create_symlink("proc/sys", harbour.root + "/p");
  const auto place = GENERATE(values<std::string>({"/proc", "/proc/", "/p", "/p/net"}));
  const auto result = harbour.run({"--tmpfs", place}, {"/probe", "exit", "0"});
  INFO(result);
  CHECK(result.status == 125);
  CHECK_THAT(result.err, Contains("/proc"));
}

TEST_CASE("CVE-2019-19921: /proc and /sys that are links are refused", "[engine][03][cve]") {
  WatchedHarbour harbour;
  const auto name = GENERATE(values<std::string>({"proc", "sys", "dev"}));
  harbour.link(name);
  const auto result = harbour.run({}, {"/probe", "id"});
  INFO(result);
  CHECK(result.status == 125);
  CHECK_THAT(result.err, Contains("must be mounted on ordinary directory"));
}

TEST_CASE("CVE-2026-41579: devices and mounts follow no link out of the root",
          "[engine][03][cve]") {
  WatchedHarbour harbour;
  harbour.link("out");
  fs::create_symlink("../../../../../.." + harbour.canary.string(), harbour.root + "/up");
  for (const std::string folder : {"/out", "/up"}) {
    const auto device =
        harbour.run({"--device", "/dev/zero:" + folder + "/zero"}, {"/probe", "id"});
    INFO(device);
    CHECK(device.status == 0);  // made inside: the link's target exists there
    const auto tmpfs = harbour.run({"--tmpfs", folder + "/t"}, {"/probe", "id"});
    INFO(tmpfs);
    CHECK(tmpfs.status == 0);
  }
  CHECK(fs::exists(harbour.root + harbour.canary.string() + "/zero"));
}

TEST_CASE("CVE-2015-3627: standard streams are no way out of a hostile root", "[engine][03][cve]") {
  WatchedHarbour harbour;
  for (const std::string name : {"etc/hosts", "etc/mtab", "etc/resolv.conf", "etc/hostname"}) {
    fs::create_symlink(harbour.canary / "file", harbour.root + "/" + name);
  }
  const auto result = harbour.sh("for fd in 0 1 2; do b readlink /proc/self/fd/$fd; done");
  INFO(result);
  CHECK(result.status == 0);
  for (const std::string& line : lines_of(result.out)) {
    CHECK((line.starts_with("pipe:") || line == "/dev/null"));
  }
}

TEST_CASE("CVE-2016-3697: a user that looks like a number is a number", "[engine][03][cve]") {
  Harbour harbour;
  write_text(harbour.root + "/etc/passwd", "1000:x:0:0::/:/bin/sh\n");
  const auto result = harbour.run({"--user", "1000"}, {"/probe", "id"});
  INFO(result);
  CHECK_THAT(result.out, Contains("uid 1000\n"));
}

TEST_CASE("CVE-2024-40635: no user text wraps around to root", "[engine][03][cve]") {
  Harbour harbour;
  const auto user = GENERATE(
      values<std::string>({"2147483648", "4294967295", "4294967296", "-1", "0x0", ":", "1:", ":1",
                           "1:2:3", " 0", "18446744073709551616", "1:4294967296"}));
  const auto result = harbour.run({"--user=" + user}, {"/probe", "id"});
  INFO(result);
  CHECK(result.status == 125);
  CHECK(result.out.empty());
  CHECK(harbour.run({"--user="}, {"/probe", "exit", "0"}).status == 0);
  CHECK_THAT(harbour.run({"--user", "2147483647"}, {"/probe", "id"}).out,
             Contains("uid 2147483647\n"));
}

TEST_CASE("CVE-2022-24769: nothing is inheritable or ambient, with any options",
          "[engine][03][cve]") {
  Harbour harbour;
  const auto flags =
      GENERATE(values<std::vector<std::string>>({{},
                                                 {"--privileged"},
                                                 {"--cap-add", "ALL"},
                                                 {"--user", "app"},
                                                 {"--user", "7", "--cap-add", "ALL"}}));
  const auto result = harbour.run(flags, {"/probe", "caps"});
  INFO(result);
  CHECK_THAT(result.out,
             Contains("CapInh:\t0000000000000000") && Contains("CapAmb:\t0000000000000000"));
}

TEST_CASE("CVE-2018-10856: a user other than root has no capabilities", "[engine][03][cve]") {
  Harbour harbour;
  for (const char* user : {"app", "1000", "1000:0"}) {
    const auto result = harbour.run({"--user", user, "--cap-add", "ALL"}, {"/probe", "caps"});
    INFO(result);
    CHECK_THAT(result.out,
               Contains("CapPrm:\t0000000000000000") && Contains("CapEff:\t0000000000000000"));
  }
}

TEST_CASE("CVE-2022-36109: groups are the files' and those added, so a negative group works",
          "[engine][03][cve]") {
  Harbour harbour;
  // Mode 0707 and group 50: everybody may read it but the group.
  write_text(harbour.root + "/secret", "not for staff");
  REQUIRE(::chown((harbour.root + "/secret").c_str(), 0, 50) == 0);
  REQUIRE(::chmod((harbour.root + "/secret").c_str(), 0707) == 0);
  const auto denied = harbour.sh("b id -G; b cat /secret", {"--user", "app"});
  INFO(denied);
  CHECK(denied.status != 0);
  CHECK(denied.out == "1000 50\n");
  const auto added = harbour.sh("b cat /secret", {"--user", "7:8", "--group-add", "staff"});
  CHECK(added.status != 0);
  CHECK(harbour.sh("b cat /secret", {"--user", "7:8"}).out == "not for staff");
}

TEST_CASE("CVE-2022-0811: only the container's own settings, one at a time", "[engine][03][cve]") {
  Harbour harbour;
  const auto setting = GENERATE(values<std::string>(
      {"kernel.core_pattern=|/x", "kernel/msgmax=1", "net/ipv4/ip_forward=1",
       "net.ipv4/../../kernel=1", "net..kernel=1", "kernel.msgmax+kernel.core_pattern=1",
       "kernel.msgmax\nkernel.core_pattern=1", "kernel.msgmax=1\nkernel.core_pattern=x",
       "vm.swappiness=1", "kernel.hostname=x", "net.=1", "fs.file-max=1"}));
  const auto before = read_text("/proc/sys/kernel/core_pattern");
  const auto result = harbour.run({"--sysctl", setting}, {"/probe", "id"});
  INFO(result);
  CHECK(result.status == 125);
  CHECK_THAT(result.err, Contains("HostConfig.Sysctls: sysctl"));
  CHECK(read_text("/proc/sys/kernel/core_pattern") == before);
}

TEST_CASE("GHSA-w2j5-3rcx-vx7x: no settings of a namespace that is the host's",
          "[engine][03][cve]") {
  Harbour harbour;
  const auto [mode, setting] =
      GENERATE(table<std::string, std::string>({{"--network=host", "net.ipv4.ip_default_ttl=33"},
                                                {"--ipc=host", "kernel.msgmax=9876"},
                                                {"--ipc=host", "fs.mqueue.msg_max=11"},
                                                {"--uts=host", "kernel.domainname=x"}}));
  const auto result = harbour.run({mode, "--sysctl", setting}, {"/probe", "id"});
  INFO(result);
  CHECK(result.status == 125);
  CHECK_THAT(result.err, Contains("not allowed in host"));
}

TEST_CASE("CVE-2022-4318: line feeds stay in their value or are refused", "[engine][03][cve]") {
  Harbour harbour;
  for (const char* flag : {"--hostname", "--domainname", "--user", "--group-add"}) {
    const auto result = harbour.run({flag, "a\nroot:x:0:0"}, {"/probe", "id"});
    INFO(result);
    CHECK(result.status == 125);
  }
  const auto env = harbour.sh("echo \"$A\"; echo \"$B\"", {"-e", "A=1\nB=2", "-l", "k=1\nl=2"});
  INFO(env);
  CHECK(env.out == "1\nB=2\n\n");
  CHECK(read_text(harbour.root + "/etc/passwd") == kPasswd);
}

TEST_CASE("CVE-2019-18837: the account files are read inside the root, and only if they are files",
          "[engine][03][cve]") {
  WatchedHarbour harbour;
  write_text(harbour.folder.path() / "passwd", "evil:x:0:0::/:/bin/sh\n");
  fs::remove(harbour.root + "/etc/passwd");
  fs::create_symlink("../../../../../.." + (harbour.folder.path() / "passwd").string(),
                     harbour.root + "/etc/passwd");
  const auto outside = harbour.run({"--user", "evil"}, {"/probe", "id"});
  INFO(outside);
  CHECK(outside.status == 125);
  fs::remove(harbour.root + "/etc/passwd");
  REQUIRE(::mkfifo((harbour.root + "/etc/passwd").c_str(), 0644) == 0);
  const auto fifo = harbour.run({"--user", "evil"}, {"/probe", "id"});  // and does not hang
  INFO(fifo);
  CHECK(fifo.status == 125);
}

TEST_CASE("CVE-2025-24965: what the runtime makes in a root stays in the root",
          "[engine][03][cve]") {
  WatchedHarbour harbour;
  harbour.link("sbin");  // where --init is mounted
  const auto result = harbour.run({"--init", "--workdir", "/sbin/new"}, {"/probe", "exit", "0"});
  INFO(result);
  CHECK(fs::exists(harbour.root + harbour.canary.string() + "/new"));
}

TEST_CASE(
    "CVE-2021-30465, CVE-2024-45310: a place that is exchanged for a link all the time stays "
    "inside",
    "[engine][03][cve]") {
  WatchedHarbour harbour;
  const std::string folder = harbour.root + "/a", exchanged = harbour.root + "/z";
  fs::create_directory(folder);
  fs::create_symlink("../../../../../.." + harbour.canary.string(), exchanged);
  std::atomic<bool> done = false;
  std::atomic<int> exchanges = 0;
  std::thread attacker([&] {
    while (!done) {
      ::renameat2(AT_FDCWD, folder.c_str(), AT_FDCWD, exchanged.c_str(), RENAME_EXCHANGE);
      ++exchanges;
    }
  });
  for (int i = 0; i < 30; ++i) {
    const std::string name = std::to_string(i);
    // Each start finds the folder, the link, or one after the other; it may fail, but never outside.
    harbour.run(
        {"--tmpfs", "/a/t" + name, "--device", "/dev/zero:/a/n" + name, "--workdir", "/a/w" + name},
        {"/probe", "exit", "0"});
  }
  done = true;
  attacker.join();
  CHECK(exchanges > 100);
}

TEST_CASE("annotations cannot steer the runtime", "[engine][03][cve]") {
  WatchedHarbour harbour;
  const auto key = GENERATE(values<std::string>({"io.slipway.overlay.lower", "io.slipway.user"}));
  const auto result =
      harbour.run({"--annotation", key + "=" + harbour.canary.string()}, {"/probe", "id"});
  INFO(result);
  CHECK(result.status == 125);
  CHECK_THAT(result.err, Contains("HostConfig.Annotations") && Contains("reserved"));
}
