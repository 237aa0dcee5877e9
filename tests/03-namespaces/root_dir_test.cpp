// RootDir against a tree that wants out. The canary is a folder of the host beside the root: whatever is asked, it stays
// empty. (03-I2)

#include "03-namespaces/base/root_dir.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <filesystem>
#include <thread>

#include "01-cli-socket/sys_error.hpp"
#include "harness/harness.hpp"

namespace fs = std::filesystem;
using namespace slipway;
using namespace slipway::test;

namespace {

/// Where a descriptor really is, seen from the host.
std::string place_of(int fd) {
  return fs::read_symlink("/proc/self/fd/" + std::to_string(fd)).string();
}

struct HostileTree {
  TempFolder folder;
  fs::path root = folder.path() / "root";
  fs::path canary = folder.path() / "canary";
  RootDir door;

  HostileTree() {
    fs::create_directories(root / "etc");
    fs::create_directories(root / "usr/lib");
    fs::create_directories(canary);
    write_text(root / "etc/passwd", "inside\n");
    fs::create_symlink("/etc", root / "absolute");
    fs::create_symlink("../../../../../../..", root / "up");
    fs::create_symlink("usr/lib", root / "lib");
    fs::create_symlink(canary, root / "canary");
    fs::create_symlink("../canary", root / "beside");
    fs::create_symlink("loop", root / "loop");
    door = RootDir::at(root);
  }

  [[nodiscard]] bool canary_is_untouched() const { return fs::is_empty(canary); }
};

int error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const SysError& error) {
    return error.error();
  }
  return 0;
}

}  // namespace

TEST_CASE("a path of a container is looked up inside its root", "[unit][rootdir]") {
  const HostileTree tree;
  const auto [path, place] = GENERATE(table<std::string, std::string>({
      {"/", ""},
      {"/etc/passwd", "/etc/passwd"},
      {"etc/passwd", "/etc/passwd"},
      {"/../../../../etc/passwd", "/etc/passwd"},
      {"/absolute/passwd", "/etc/passwd"},
      {"/up/etc/passwd", "/etc/passwd"},
      {"/up/up/absolute/../etc/passwd", "/etc/passwd"},
      {"/lib", "/usr/lib"},
  }));
  INFO("path " << path);
  CHECK(place_of(tree.door.open(path, O_PATH).get()) == tree.root.string() + place);
}

TEST_CASE("a link out of a container's root leads nowhere", "[unit][rootdir]") {
  const HostileTree tree;
  CHECK_FALSE(tree.door.maybe_open("/canary", O_PATH));
  CHECK_FALSE(tree.door.maybe_open("/beside", O_PATH));
  CHECK_FALSE(tree.door.maybe_open("/etc/passwd/x", O_PATH));
  CHECK(error_of([&] { (void)tree.door.open("/loop", O_PATH); }) == ELOOP);
  CHECK(error_of([&] { (void)tree.door.make_folders("/canary/new"); }) == ENOENT);
  CHECK(error_of([&] { (void)tree.door.make_file("/beside/new"); }) == ENOENT);
  CHECK(tree.canary_is_untouched());
}

TEST_CASE("magic links of /proc are no way through", "[unit][rootdir]") {
  const TempFolder elsewhere;
  const UniqueFd kept(::open(elsewhere.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const RootDir host = RootDir::at("/");  // a root that has a /proc
  for (const std::string path : {"/proc/self/root", "/proc/self/cwd", "/proc/self/exe"}) {
    INFO(path);
    CHECK(error_of([&] { (void)host.open(path, O_PATH); }) == ELOOP);
  }
  const std::string fd = "/proc/self/fd/" + std::to_string(kept.get());
  CHECK(error_of([&] { (void)host.make_folders(fd + "/new"); }) == ELOOP);
  CHECK(fs::is_empty(elsewhere.path()));
}

TEST_CASE("folders and files are made inside the root", "[unit][rootdir]") {
  const HostileTree tree;
  const mode_t old = ::umask(0);
  const UniqueFd folder = tree.door.make_folders("/up/absolute/a//b/");
  const UniqueFd file = tree.door.make_file("/lib/c/d");
  ::umask(old);
  CHECK(place_of(folder.get()) == (tree.root / "etc/a/b").string());
  CHECK(place_of(file.get()) == (tree.root / "usr/lib/c/d").string());
  struct stat about {};
  REQUIRE(::fstat(folder.get(), &about) == 0);
  CHECK((about.st_mode & 07777) == 0755);
  CHECK(place_of(tree.door.make_folders("/etc/a").get()) == (tree.root / "etc/a").string());
  CHECK(error_of([&] { (void)tree.door.make_folders("/etc/passwd/x"); }) == ENOTDIR);
}

TEST_CASE("CVE-2019-19921: what gets mounted on for /proc must be no link",
          "[unit][rootdir][cve]") {
  const HostileTree tree;
  fs::create_symlink("etc", tree.root / "proc");
  write_text(tree.root / "sys", "");
  CHECK_THROWS_WITH(tree.door.make_ordinary_folders("/proc", "filesystem \"proc\""),
                    Catch::Contains("filesystem \"proc\" must be mounted on ordinary directory"));
  CHECK_THROWS_WITH(tree.door.make_ordinary_folders("/sys", "filesystem \"sysfs\""),
                    Catch::Contains("must be mounted on ordinary directory"));
  fs::remove(tree.root / "proc");
  CHECK(place_of(tree.door.make_ordinary_folders("/proc", "proc").get()) ==
        (tree.root / "proc").string());
}

TEST_CASE("CVE-2024-45310: a folder swapped for a link meanwhile makes nothing outside",
          "[unit][rootdir][cve]") {
  const HostileTree tree;
  fs::create_directories(tree.root / "swap");
  fs::create_symlink("../canary", tree.root / "etc/link");
  std::atomic<bool> done = false;
  std::thread swapper([&] {
    const std::string here = tree.root / "swap";
    const std::string there = tree.root / "etc/link";
    while (!done) {
      ::renameat2(AT_FDCWD, here.c_str(), AT_FDCWD, there.c_str(), RENAME_EXCHANGE);
    }
  });
  for (int attempt = 0; attempt < 300; ++attempt) {
    try {
      const std::string path = "/swap/" + std::to_string(attempt) + "/b";
      const UniqueFd made = tree.door.make_folders(path);
      // "…/root/" and not "…/canary/": what came back is inside.
      if (!place_of(made.get()).starts_with(tree.root.string() + "/")) FAIL(place_of(made.get()));
    } catch (const SysError&) {  // a lost race is an error, and that is all it is
    }
  }
  done = true;
  swapper.join();
  CHECK(tree.canary_is_untouched());
}
