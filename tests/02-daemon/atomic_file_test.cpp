/// \file
/// Files that are replaced as a whole, and trees that are removed without being led astray (02-I1).

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/atomic_file.hpp"
#include "02-daemon/launch/clone_process.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

/// Two contents that cannot be mistaken for each other, nor for a mixture of both.
const std::string kOld(200'000, 'o');
const std::string kNew(300'000, 'n');

/// A mount for the length of a test.
class Mounted {
 public:
  explicit Mounted(std::string place) : place_(std::move(place)) {
    check(::mount("tmpfs", place_.c_str(), "tmpfs", 0, "size=1m"), "mount", place_);
  }
  ~Mounted() { ::umount2(place_.c_str(), MNT_DETACH); }
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;

 private:
  std::string place_;
};

/// A process that replaces a file without end, until it is killed.
class Writer {
 public:
  explicit Writer(const std::string& path) : process_(clone_process(0, -1)) {
    while (process_.pid == 0) {
      write_file_atomically(path, kNew, Durability::volatile_);
      write_file_atomically(path, kOld, Durability::volatile_);
    }
  }
  void kill() {
    ::kill(process_.pid, SIGKILL);
    ::waitpid(process_.pid, nullptr, 0);
  }

 private:
  ClonedProcess process_;
};

}  // namespace

TEST_CASE("a reader sees the old file or the new one, never a part", "[02][store]") {
  TempFolder folder;
  const std::string path = folder.path() / "record.json";
  write_file_atomically(path, kOld);
  std::atomic<bool> done{false};
  int torn = 0;
  std::thread reader([&] {
    while (!done) {
      const auto seen = read_file(path);
      torn += seen == kOld || seen == kNew ? 0 : 1;
    }
  });
  for (int i = 0; i < 100; ++i) {
    write_file_atomically(path, i % 2 == 0 ? kNew : kOld, Durability::volatile_);
  }
  done = true;
  reader.join();
  CHECK(torn == 0);
}

TEST_CASE("a writer that is killed leaves the old file or the new one", "[02][store][attack]") {
  TempFolder folder;
  const std::string path = folder.path() / "record.json";
  write_file_atomically(path, kOld);
  for (int round = 0; round < 30; ++round) {
    Writer writer(path);
    sleep_for(std::chrono::milliseconds(Environment::get().random(12)));
    writer.kill();
    const auto seen = read_file(path);
    REQUIRE(seen);
    CHECK((seen == kOld || seen == kNew));
  }
  write_file_atomically(path, "and what a killed one left does not hinder the next");
  CHECK(fs::file_size(path) == 51);
}

TEST_CASE("durable means: file synced, renamed, folder synced, in this order",
          "[02][store][engine]") {
  if (!needs("strace")) return;
  TestEngine engine({.stage = "02", .images = false});
  const std::string trace = engine.folder() / "strace.txt";
  RunningCommand strace({"strace", "-f", "-y", "-o", trace, "-e", "trace=fsync,rename,sendto", "-p",
                         std::to_string(engine.pid())});
  REQUIRE(strace.wait_for_output("attached"));
  CHECK(engine.http("POST", "/containers/create", R"({"Image":"x","Cmd":["true"]})").status == 201);
  strace.signal(SIGINT);
  strace.finish();
  const std::string calls = read_text(trace);
  INFO(calls);
  const auto file = calls.find("record.json.tmp>)");        // fsync(9</…/record.json.tmp>)
  const auto rename = calls.find("record.json.tmp\", \"");  // rename("….tmp", "…")
  const auto own_folder = calls.find("fsync(", rename);
  const auto all_folders = calls.find("containers>)");
  const auto answer = calls.find("HTTP/1.1 201");
  for (const auto at : {file, rename, own_folder, all_folders, answer}) {
    CHECK(at != std::string::npos);
  }
  CHECK(file < rename);
  CHECK(rename < own_folder);
  CHECK(own_folder < all_folders);
  CHECK(all_folders < answer);  // record before acknowledge
}

TEST_CASE("a failed write names the call and the file, and leaves no temporary file",
          "[02][store]") {
  TempFolder folder;
  const std::string path = folder.path() / "record.json";
  fs::create_directory(path);  // a file cannot be renamed onto a folder
  CHECK_THROWS_WITH(write_file_atomically(path, "x"),
                    Contains("rename " + path) && Contains("Is a directory"));
  CHECK_FALSE(fs::exists(path + ".tmp"));
  CHECK(fs::is_directory(path));
  CHECK_THROWS_WITH(write_file_atomically(folder.path() / "no/such/file", "x"),
                    Contains("open") && Contains("No such file or directory"));
}

TEST_CASE("a full disk is an error, and the old file stays", "[02][store][attack]") {
  TempFolder folder;
  const fs::path disk = folder.path() / "disk";
  fs::create_directory(disk);
  const Mounted small(disk);
  const std::string path = disk / "record.json";
  write_file_atomically(path, "old");
  CHECK_THROWS_WITH(write_file_atomically(path, std::string(4'000'000, 'x')),
                    Contains("No space left on device"));
  CHECK(read_file(path) == "old");
  CHECK_FALSE(fs::exists(path + ".tmp"));
}

TEST_CASE("what is read has the mode it was given, and a limit", "[02][store]") {
  TempFolder folder;
  const std::string path = folder.path() / "file";
  CHECK_FALSE(read_file(path));
  write_file_atomically(path, "secret");
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(read_file(path, 6) == "secret");
  CHECK_THROWS_WITH(read_file(path, 5), Contains(path) && Contains("too large"));
}

TEST_CASE("folders are made with their parents", "[02][store]") {
  TempFolder folder;
  const std::string deep = folder.path() / "a/b/c";
  make_folders(deep);
  make_folders(deep);
  CHECK(fs::is_directory(deep));
  write_text(folder.path() / "file", "x");
  CHECK_THROWS_WITH(make_folders(folder.path() / "file/below"), Contains("Not a directory"));
}

TEST_CASE("removing a tree follows no link", "[02][store][attack]") {
  TempFolder folder;
  const fs::path outside = folder.path() / "outside";
  const fs::path tree = folder.path() / "tree";
  fs::create_directories(outside / "precious");
  fs::create_directories(tree / "below");
  fs::create_directory_symlink(outside, tree / "link");
  fs::create_directory_symlink("../../outside", tree / "below/link");
  fs::create_directory_symlink(tree, folder.path() / "link-to-the-tree");
  remove_tree(folder.path() / "link-to-the-tree");  // the link goes, not what it shows
  CHECK(fs::exists(tree / "below"));
  remove_tree(tree);
  CHECK_FALSE(fs::exists(fs::symlink_status(tree)));
  CHECK(fs::exists(outside / "precious"));
  CHECK_NOTHROW(remove_tree(tree));  // nothing there is no error
}

TEST_CASE("removing a tree crosses no mount", "[02][store][attack]") {
  TempFolder folder;
  const fs::path disk = folder.path() / "tree/disk";
  fs::create_directories(disk);
  const Mounted mounted(disk);
  write_text(disk / "precious", "x");
  CHECK_THROWS(remove_tree(folder.path() / "tree"));
  CHECK(fs::exists(disk / "precious"));
}

TEST_CASE("a tree deeper than a path can name, and wider than one read of it, is removed",
          "[02][store][attack]") {
  TempFolder folder;
  UniqueFd at(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int depth = 0; depth < 3000; ++depth) {  // 12 KiB of path: three times PATH_MAX
    REQUIRE(::mkdirat(at.get(), "abc", 0700) == 0);
    at.reset(::openat(at.get(), "abc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  for (int i = 0; i < 2000; ++i) {
    const std::string name = "file-" + std::to_string(i);
    UniqueFd file(::openat(at.get(), name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  }
  at.reset();
  remove_tree(folder.path() / "abc");
  CHECK(fs::is_empty(folder.path()));
}
