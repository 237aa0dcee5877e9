// The options of `run` that change what a container sees and may do, from the command line to the kernel.

#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "harbour.hpp"

namespace fs = std::filesystem;
using namespace slipway::test;
using Catch::Contains;

namespace {

std::string namespace_of(pid_t pid, const std::string& kind) {
  return fs::read_symlink("/proc/" + std::to_string(pid) + "/ns/" + kind).string();
}

/// The id that `/probe ns` printed for a kind: "net net:[4026532250]".
std::string printed_namespace(const std::string& output, const std::string& kind) {
  for (const std::string& line : lines_of(output)) {
    if (line.starts_with(kind + " ")) return line.substr(kind.size() + 1);
  }
  return "none";
}

}  // namespace

TEST_CASE("--tmpfs mounts memory, with docker's options and those asked for", "[engine][03]") {
  Harbour harbour;
  const auto result = harbour.sh(
      "b grep -E ' /(t|dev/shm|a/b) ' /proc/mounts; echo x > /t/x && b cat /t/x; b stat -c %a /t",
      {"--tmpfs", "/t:size=1m,mode=700,exec", "--tmpfs", "/a/b", "--shm-size", "1m"});
  INFO(result);
  CHECK_THAT(result.out, Contains("tmpfs /t tmpfs rw,nosuid,nodev,relatime,size=1024k,mode=700"));
  CHECK_THAT(result.out, Contains("tmpfs /a/b tmpfs rw,nosuid,nodev,noexec,relatime"));
  CHECK_THAT(result.out, Contains("shm /dev/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=1024k"));
  CHECK_THAT(result.out, Contains("\nx\n700\n"));
  CHECK_FALSE(fs::exists(harbour.root + "/t/x"));
}

TEST_CASE("--tmpfs takes the place of a default mount, and stays writable in a read-only root",
          "[engine][03]") {
  Harbour harbour;
  const auto result =
      harbour.sh("b grep -c ' /dev/shm ' /proc/mounts; echo x > /run/x && b cat /run/x",
                 {"--tmpfs", "/dev/shm:size=2m", "--tmpfs", "/run", "--read-only"});
  INFO(result);
  CHECK(result.out == "1\nx\n");
}

TEST_CASE("--ulimit sets both limits", "[engine][03]") {
  Harbour harbour;
  const auto result = harbour.sh("ulimit -n; ulimit -Hn; ulimit -c",
                                 {"--ulimit", "nofile=100:200", "--ulimit", "core=0"});
  INFO(result);
  CHECK(result.out == "100\n200\n0\n");
}

TEST_CASE("--sysctl changes the container's settings, not the host's", "[engine][03]") {
  Harbour harbour;
  const auto host = read_text("/proc/sys/kernel/msgmax");
  const auto result =
      harbour.sh("b cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_default_ttl",
                 {"--sysctl", "kernel.msgmax=9876", "--sysctl", "net.ipv4.ip_default_ttl=33"});
  INFO(result);
  CHECK(result.out == "9876\n33\n");
  CHECK(read_text("/proc/sys/kernel/msgmax") == host);
  const auto missing = harbour.run({"--sysctl", "net.no.such=1"}, {"/probe", "id"});
  INFO(missing);
  CHECK(missing.status != 0);
  CHECK_THAT(missing.err, Contains("net/no/such"));
}

TEST_CASE("--device brings a node of the host under any name", "[engine][03]") {
  Harbour harbour;
  const auto result =
      harbour.sh("b stat -c '%n %F %t:%T %a' /dev/inside /opt/z; b head -c 2 /opt/z | b wc -c",
                 {"--device", "/dev/full:/dev/inside:r", "--device", "/dev/zero:/opt/z"});
  INFO(result);
  CHECK_THAT(result.out, Contains("/dev/inside character special file 1:7 666") &&
                             Contains("/opt/z character special file 1:5 666\n2\n"));
}

TEST_CASE("--device with a folder brings all devices in it", "[engine][03]") {
  Harbour harbour;
  const fs::path folder = harbour.folder.path() / "devices";
  fs::create_directories(folder / "deeper");
  REQUIRE(::mknod((folder / "one").c_str(), S_IFCHR | 0600, ::makedev(1, 3)) == 0);
  REQUIRE(::mknod((folder / "deeper/two").c_str(), S_IFCHR | 0600, ::makedev(1, 5)) == 0);
  write_text(folder / "text", "no device");
  const auto result = harbour.sh("b stat -c '%n %t:%T' /dev/d/one /dev/d/deeper/two; b ls /dev/d",
                                 {"--device", folder.string() + ":/dev/d"});
  INFO(result);
  CHECK(result.out == "/dev/d/one 1:3\n/dev/d/deeper/two 1:5\ndeeper\none\n");
}

TEST_CASE("a device that is none says so when the container starts", "[engine][03]") {
  Harbour harbour;
  const auto [device, words] = GENERATE(table<std::string, std::string>(
      {{"/dev/no-such",
        "error gathering device information while adding custom device \"/dev/no-such\": no such "
        "file or directory"},
       {"/etc/passwd", "custom device \"/etc/passwd\": not a device node"}}));
  const auto result = harbour.run({"--device", device}, {"/probe", "id"});
  INFO(result);
  CHECK(result.status != 0);
  CHECK_THAT(result.err, Contains(words));
}

TEST_CASE("--privileged gives all devices, all capabilities and no masks", "[engine][03]") {
  Harbour harbour;
  const auto result = harbour.sh(
      "b grep -q 'sysfs rw' /proc/mounts && echo sys; b grep -cE ' /proc/.' /proc/mounts; "
      "test -c /dev/kmsg && echo kmsg; "
      "b readlink /dev/ptmx; /probe caps",
      {"--privileged"});
  INFO(result);
  CHECK_THAT(result.out, Contains("sys\n0\nkmsg\npts/ptmx\n"));
  const auto ours = run_shell("grep CapBnd /proc/self/status");
  CHECK_THAT(result.out, Contains(ours.out) && Contains("CapInh:\t0000000000000000"));
}

TEST_CASE("--cap-add and --cap-drop change docker's list", "[engine][03]") {
  Harbour harbour;
  const auto [flags, effective] = GENERATE(table<std::vector<std::string>, std::string>({
      {{"--cap-drop", "all"}, "0000000000000000"},
      {{"--cap-drop", "ALL", "--cap-add", "chown", "--cap-add", "CAP_KILL"}, "0000000000000021"},
      {{"--cap-drop", "chown"}, "00000000a80425fa"},
      {{"--cap-add", "SYS_ADMIN"}, "00000000a82425fb"},
      {{"--cap-drop", "chown", "--cap-add", "chown"}, "00000000a80425fb"},
  }));
  const auto result = harbour.run(flags, {"/probe", "caps"});
  INFO(result);
  CHECK_THAT(result.out, Contains("CapEff:\t" + effective) && Contains("CapBnd:\t" + effective) &&
                             Contains("CapInh:\t0000000000000000"));
}

TEST_CASE("security options: what they do, and what only earns a warning", "[engine][03]") {
  Harbour harbour;
  const auto set = harbour.run({"--security-opt", "no-new-privileges", "--security-opt",
                                "seccomp=unconfined", "--security-opt", "label=disable"},
                               {"/probe", "caps"});
  INFO(set);
  CHECK_THAT(set.out, Contains("NoNewPrivs:\t1"));
  CHECK(set.err.empty());
  CHECK_THAT(harbour.run({"--security-opt", "no-new-privileges:false"}, {"/probe", "caps"}).out,
             Contains("NoNewPrivs:\t0"));
  const auto warned = harbour.run({"--security-opt", "apparmor=strict"}, {"/probe", "exit", "0"});
  INFO(warned);
  CHECK_THAT(warned.err, Contains("WARNING: HostConfig.SecurityOpt: apparmor"));
  CHECK(warned.status == 0);
  const auto open = harbour.sh("b grep -cE ' /proc/.' /proc/mounts",
                               {"--security-opt", "systempaths=unconfined"});
  INFO(open);
  CHECK(open.out == "0\n");
}

TEST_CASE("--oom-score-adj: raised as asked; lowered as far as we may, with a warning",
          "[engine][03]") {
  Harbour harbour;
  CHECK(harbour.sh("b cat /proc/self/oom_score_adj", {"--oom-score-adj", "123"}).out == "123\n");
  const auto lowered = harbour.sh("b cat /proc/self/oom_score_adj", {"--oom-score-adj", "-999"});
  INFO(lowered);
  CHECK(lowered.status == 0);
  const bool warned = lowered.err.find("WARNING: HostConfig.OomScoreAdj") != std::string::npos;
  CHECK(warned == (lowered.out != "-999\n"));
}

TEST_CASE("another container's namespaces can be joined by its name", "[engine][03]") {
  Harbour harbour;
  const auto donor = random_name("donor");
  const pid_t pid = harbour.start(donor, {"--ipc", "shareable", "--hostname", "quay"});
  const auto processes = harbour.run({"--pid", "container:" + donor}, {"/probe", "pids"});
  INFO(processes);
  CHECK(lines_of(processes.out).size() == 2);
  const auto network = harbour.sh("/probe ns; b hostname", {"--network", "container:" + donor});
  INFO(network);
  CHECK(printed_namespace(network.out, "net") == namespace_of(pid, "net"));
  CHECK(printed_namespace(network.out, "pid") != namespace_of(pid, "pid"));
  CHECK_THAT(network.out, Contains("\nquay\n"));
  const auto ipc =
      harbour.sh("/probe ns; echo hello > /dev/shm/x", {"--ipc", "container:" + donor});
  INFO(ipc);
  CHECK(printed_namespace(ipc.out, "ipc") == namespace_of(pid, "ipc"));
  // Shared memory is files: they live in the donor's mount, and the next one sees them.
  CHECK(harbour.sh("b cat /dev/shm/x", {"--ipc", "container:" + donor}).out == "hello\n");
  CHECK(harbour.sh("b ls /dev/shm").out.empty());
}

TEST_CASE("joining a container that is missing, stopped or private is refused in docker's words",
          "[engine][03]") {
  Harbour harbour;
  const auto donor = random_name("donor");
  const auto refusal = [&](const std::string& flag, const std::string& whom) {
    return harbour.run({flag, "container:" + whom}, {"/probe", "id"}).err;
  };
  for (const char* flag : {"--pid", "--ipc", "--network"}) {
    CHECK_THAT(refusal(flag, "nosuch"), Contains("No such container: nosuch"));
  }
  harbour.start(donor);
  CHECK_THAT(refusal("--ipc", donor), Contains("non-shareable IPC (hint: use IpcMode:shareable"));
  REQUIRE(harbour.engine.slipway({"stop", "-t", "5", donor}).status == 0);
  CHECK_THAT(refusal("--pid", donor),
             Contains("failed to join PID namespace: container") && Contains("is not running"));
  CHECK_THAT(refusal("--network", donor),
             Contains("cannot join network namespace of a non running container: container " +
                      donor + " is exited"));
}

TEST_CASE("--ipc none has no /dev/shm, --init reaps and forwards", "[engine][03]") {
  Harbour harbour;
  CHECK(harbour.sh("b ls /dev", {"--ipc", "none"}).out.find("shm") == std::string::npos);
  const auto first = harbour.sh("b cat /proc/1/comm; exit 5", {"--init"});
  INFO(first);
  CHECK(first.out == "docker-init\n");
  CHECK(first.status == 5);
  // An orphan: its parent ends first, and pid 1 has to reap it. Without a reaper it stays a zombie.
  const auto orphan = harbour.sh(
      "( ( exec /bin/busybox true ) & ) ; until ! b grep -q Z /proc/[0-9]*/stat; do :; done "
      "2>/dev/null; "
      "echo reaped",
      {"--init"});
  INFO(orphan);
  CHECK(orphan.out == "reaped\n");
  const auto missing = harbour.run({"--init"}, {"nosuch"});
  INFO(missing);
  CHECK(missing.status == 127);
  CHECK_THAT(missing.err, Contains("exec nosuch: No such file or directory"));
}

TEST_CASE("--init hands signals on and ends with the command's code", "[engine][03]") {
  Harbour harbour;
  RunningCommand run(
      harbour.engine.slipway_line({"run", "--rm", "--init", "--name", random_name("init"),
                                   harbour.root, "/probe", "trap", "7"}));
  REQUIRE(run.wait_for_output("ready"));
  run.signal(SIGHUP);
  REQUIRE(run.wait_for_output("signal 1\n"));
  run.signal(SIGTERM);
  const auto result = run.finish();
  INFO(result);
  CHECK(result.status == 7);
}

TEST_CASE("--group-add, numbers and names", "[engine][03]") {
  Harbour harbour;
  const auto result = harbour.run(
      {"--user", "1000:1000", "--group-add", "staff", "--group-add", "7"}, {"/probe", "id"});
  INFO(result);
  CHECK_THAT(result.out, Contains("uid 1000\ngid 1000\n") && Contains("groups 7 50 1000"));
}

TEST_CASE("a cidfile names the container, and is not there if there is none", "[engine][03]") {
  Harbour harbour;
  const std::string file = harbour.folder.path() / "cid";
  const auto made =
      harbour.engine.slipway({"create", "--cidfile", file, harbour.root, "/probe", "id"});
  INFO(made);
  CHECK(read_text(file) + "\n" == made.out);
  const auto again =
      harbour.engine.slipway({"create", "--cidfile", file, harbour.root, "/probe", "id"});
  CHECK_THAT(again.err, Contains("container ID file found, make sure the other container isn't "
                                 "running or delete " +
                                 file));
  const std::string other = harbour.folder.path() / "other";
  CHECK(harbour.engine.slipway({"create", "--cidfile", other, "/no/such/root", "x"}).status != 0);
  CHECK_FALSE(fs::exists(other));
  CHECK(harbour.engine.http("GET", "/containers/json?all=1").json().size() == 1);
}
