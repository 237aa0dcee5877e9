// slipway-unpack locked in, looked at from outside while it waits for its first byte: /proc/PID.
// (05-I3)

#include <fcntl.h>

#include <fstream>

#include "02-daemon/base/spawn.hpp"
#include "05-layers-cache/unpack/unpack_budget.hpp"
#include "05-layers-cache/unpack/unpack_program.hpp"
#include "harness/harness.hpp"

namespace fs = std::filesystem;
using namespace slipway;
using namespace slipway::test;

namespace {

/// The program in one mode, its standard input held open.
struct Prisoner {
  TempFolder folder;
  fs::path inside;
  SpawnedProcess process;
  UniqueFd input;

  explicit Prisoner(const std::string& mode, const fs::path& where = {})
      : inside(where.empty() ? folder.path() / "inside" : where) {
    fs::create_directory(inside);
    write_text(inside / "here", "");
    int pipe_fds[2];
    REQUIRE(::pipe2(pipe_fds, O_CLOEXEC) == 0);
    const UniqueFd leaked(::open("/", O_RDONLY | O_DIRECTORY));  // without O_CLOEXEC, as a mistake
    const UniqueFd output(pipe_fds[0]);
    input.reset(pipe_fds[1]);
    const UniqueFd root(::open(inside.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const UniqueFd report(
        ::open((folder.path() / "report").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    process = spawn(
        {.program = program("slipway-unpack", "05"),
         .args = {mode},
         .descriptors = {
             {output.get(), 0}, {root.get(), kUnpackFolderFd}, {report.get(), kUnpackReportFd}}});
    locked = eventually([&] { return status("Seccomp") == "2"; }, std::chrono::seconds(5));
  }

  [[nodiscard]] fs::path proc(const std::string& name) const {
    return fs::path("/proc") / std::to_string(process.pid) / name;
  }
  /// A line of /proc/PID/status.
  [[nodiscard]] std::string status(const std::string& name) const {
    std::ifstream lines(proc("status"));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
    }
    return {};
  }
  [[nodiscard]] bool shares(const std::string& name) const {
    return fs::read_symlink(proc("ns/" + name)) == fs::read_symlink("/proc/self/ns/" + name);
  }
  /// What stands in its "/".
  [[nodiscard]] std::set<std::string> root_listing() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(proc("root")))
      names.insert(entry.path().filename());
    return names;
  }
  [[nodiscard]] std::size_t descriptors() const {
    const fs::directory_iterator numbers(proc("fd"));
    return static_cast<std::size_t>(std::distance(fs::begin(numbers), fs::end(numbers)));
  }
  /// True if every folder that it has open is its own: over another one ".." leads out.
  [[nodiscard]] bool only_its_folder_is_open() const {
    for (const auto& entry : fs::directory_iterator(proc("fd"))) {
      if (fs::is_directory(entry.path()) && !fs::equivalent(entry.path(), inside)) return false;
    }
    return true;
  }

  bool locked = false;
};

}  // namespace

TEST_CASE("the program that reads archives has nothing but its folder", "[hostile]") {
  for (const std::string mode : {"archive", "layer"}) {
    INFO(mode);
    Prisoner prisoner(mode);
    REQUIRE(prisoner.locked);
    for (const char* kind : {"mnt", "net", "ipc", "uts"}) {
      INFO("/proc/PID/ns/" << kind);
      CHECK_FALSE(prisoner.shares(kind));
    }
    CHECK(prisoner.root_listing() == std::set<std::string>{"here"});
    CHECK(read_text(prisoner.proc("mounts")).find('\n') ==
          read_text(prisoner.proc("mounts")).size() - 1);
    CHECK_THAT(read_text(prisoner.proc("mounts")), Catch::Contains("nosuid,nodev,noexec"));
    CHECK(prisoner.status("NoNewPrivs") == "1");
    // CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SYS_ADMIN (for trusted.overlay.opaque), SETFCAP
    const std::string capabilities = mode == "archive" ? "0000000000000000" : "000000008020001b";
    CHECK(prisoner.status("CapEff") == capabilities);
    CHECK(prisoner.status("CapPrm") == capabilities);
    CHECK(prisoner.status("CapBnd") == capabilities);
    CHECK(prisoner.descriptors() <= 6);  // standard streams, the report, the folder
    CHECK(prisoner.only_its_folder_is_open());
    prisoner.input.reset();
    CHECK(wait_for_exit(prisoner.process) == 0);
    CHECK_THAT(read_text(prisoner.folder.path() / "report"), Catch::Contains("\"Entries\":0"));
  }
}

TEST_CASE("the folder may be on a shared mount, as all are under systemd", "[hostile]") {
  const TempFolder place;
  const std::string folder = place.path();
  REQUIRE(
      run_shell("mount -t tmpfs shared " + folder + " && mount --make-shared " + folder).status ==
      0);
  {
    Prisoner prisoner("layer", place.path() / "inside");
    CHECK(prisoner.locked);
    prisoner.input.reset();
    CHECK(wait_for_exit(prisoner.process) == 0);
  }
  CHECK(run_command({"umount", folder}).status == 0);
}

TEST_CASE("a bad argument is reported, not guessed") {
  for (const std::string argument : {"bytes=x", "bytes", "nosuch=1"}) {
    CHECK_THROWS_AS(UnpackBudget::from_arguments({argument}), std::runtime_error);
  }
  const UnpackBudget budget{.bytes = 1, .ratio = 2, .slack = 3, .ceiling = 4, .entries = 5};
  CHECK(UnpackBudget::from_arguments(budget.to_arguments()).to_arguments() ==
        budget.to_arguments());
}
