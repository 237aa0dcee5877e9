/// \file
/// A log in several files: rotation, reading across files, following over a rotation; and what a full disk costs.

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <thread>

#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/logs/json_log.hpp"
#include "02-daemon/logs/log_reader.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;
using Words = std::vector<std::string>;
namespace fs = std::filesystem;

namespace {

constexpr char kTime[] = "2025-06-01T12:00:00.000000001Z";

/// A log with a limit.
struct LimitedLog {
  explicit LimitedLog(std::int64_t max_size, int max_files)
      : writer({.path = path, .max_size = max_size, .max_files = max_files}) {}

  TempFolder folder;
  std::string path = folder.path() / "ID-json.log";
  JsonLogWriter writer;

  void lines(int from, int to) {
    for (int i = from; i < to; ++i)
      writer.write(StdioStream::out, "line " + std::to_string(i) + "\n", kTime);
  }
  [[nodiscard]] Words names() const {
    Words all;
    for (const auto& entry : fs::directory_iterator(folder.path()))
      all.push_back(entry.path().filename());
    std::sort(all.begin(), all.end());
    return all;
  }
};

std::string numbered(int from, int to) {
  std::string text;
  for (int i = from; i < to; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

std::string rest_of(LogReader& reader) {
  std::string text;
  while (const auto entry = reader.next()) text += entry->text;
  return text;
}

std::string all_of(const std::string& path) {
  LogReader reader(path);
  return rest_of(reader);
}

}  // namespace

TEST_CASE("a full file becomes .1, that one .2, and the oldest goes", "[02][log]") {
  LimitedLog log(1000, 3);
  log.lines(0, 10);  // 78 bytes each
  CHECK(log.names() == Words{"ID-json.log"});
  log.lines(10, 14);
  CHECK(log.names() == Words{"ID-json.log", "ID-json.log.1"});
  log.lines(14, 60);
  CHECK(log.names() == Words{"ID-json.log", "ID-json.log.1", "ID-json.log.2"});
  const std::string text = all_of(log.path);
  const auto first = std::stoi(text.substr(5));
  CHECK(first > 20);
  CHECK(text == numbered(first, 60));  // the newest, without a gap
  for (const std::string& name : log.names()) CHECK(fs::file_size(log.folder.path() / name) < 1100);
  log.writer.finish(kTime, true);
}

TEST_CASE("a device is no log: a rotation would put a file in its place", "[02][log][attack]") {
  const TempFolder folder;
  const std::string device = folder.path() / "null";
  REQUIRE(::mknod(device.c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0);
  CHECK_THROWS_WITH(JsonLogWriter({.path = device}), Catch::Contains("plain file"));
}

TEST_CASE("one batch may fill many files; none is larger than its limit and one entry",
          "[02][log]") {
  LimitedLog log(1000, 50);
  log.writer.write(StdioStream::out, numbered(0, 500), kTime);
  CHECK(all_of(log.path) == numbered(0, 500));
  CHECK(log.names().size() > 30);
  for (const std::string& name : log.names()) CHECK(fs::file_size(log.folder.path() / name) < 1100);
}

TEST_CASE("max-file 1 begins anew", "[02][log]") {
  LimitedLog log(1000, 1);
  log.lines(0, 100);
  CHECK(log.names() == Words{"ID-json.log"});
  CHECK(fs::file_size(log.path) < 1100);
  CHECK(all_of(log.path).ends_with("line 99\n"));
}

TEST_CASE("a second run goes on where the first stopped, also as to the limit", "[02][log]") {
  LimitedLog log(1000, 2);
  log.lines(0, 10);
  log.writer.finish(kTime, true);
  JsonLogWriter again({.path = log.path, .max_size = 1000, .max_files = 2});
  for (int i = 10; i < 16; ++i)
    again.write(StdioStream::out, "line " + std::to_string(i) + "\n", kTime);
  CHECK(log.names() == Words{"ID-json.log", "ID-json.log.1"});
  CHECK(all_of(log.path) == numbered(0, 16));
}

TEST_CASE("the last lines are found across files", "[02][log]") {
  LimitedLog log(1000, 10);
  log.lines(0, 100);
  const std::size_t count = GENERATE(0, 1, 5, 40, 99, 100, 1000);
  LogReader reader(log.path);
  reader.seek_last(count);
  CHECK(rest_of(reader) ==
        numbered(100 - static_cast<int>(std::min<std::size_t>(count, 100)), 100));
}

TEST_CASE("a long line counts as one, and so does the rest at the end", "[02][log]") {
  TempFolder folder;
  const std::string path = folder.path() / "log";
  JsonLogWriter writer({.path = path});
  const std::string line(40'000, 'x');
  writer.write(StdioStream::out, "first \\n\n" + line + "\n" + line + "\\n" + "\nprompt> ", kTime);
  writer.finish(kTime, false);
  const auto last = [&](std::size_t count) {
    LogReader reader(path);
    reader.seek_last(count);
    return rest_of(reader).size();
  };
  CHECK(last(1) == 8);
  CHECK(last(2) == 8 + 40'003);
  CHECK(last(3) == 8 + 40'003 + 40'001);
  CHECK(last(4) == 8 + 40'003 + 40'001 + 9);
}

TEST_CASE("a follower passes over rotations without a lost or double line", "[02][log]") {
  LimitedLog log(1000, GENERATE(2, 5));
  LogReader reader(log.path);
  std::string got;
  for (int i = 0; i < 300; i += 7) {  // at most one rotation between two looks
    log.lines(i, std::min(i + 7, 300));
    got += rest_of(reader);
  }
  CHECK(got == numbered(0, 300));
}

TEST_CASE("a follower beside a writer at full speed sees each line once", "[02][log]") {
  LimitedLog log(20'000, 200);  // none is let go
  std::thread writer([&] { log.lines(0, 20'000); });
  LogReader reader(log.path);
  std::string got;
  while (!got.ends_with("line 19999\n")) got += rest_of(reader);
  writer.join();
  CHECK((got == numbered(0, 20'000)));
}

TEST_CASE("files that a reader has seen stay readable when the writer lets go of them",
          "[02][log]") {
  LimitedLog log(1000, 3);
  log.lines(0, 30);
  LogReader reader(log.path);
  const auto first = reader.next();
  REQUIRE(first);
  log.lines(30, 60);  // all three have been replaced
  const std::string got = first->text + rest_of(reader);
  const int from = std::stoi(got.substr(5));
  CHECK(got.starts_with(numbered(from, 30)));
}

TEST_CASE("an interrupted rotation: names with a hole are read in order", "[02][log]") {
  LimitedLog log(1000, 5);
  log.lines(0, 40);
  const std::string text = all_of(log.path);
  fs::rename(log.path + ".3", log.path + ".4");
  fs::rename(log.path + ".2", log.path + ".3");
  CHECK(all_of(log.path) == text);
  JsonLogWriter again({.path = log.path, .max_size = 1000, .max_files = 5});
  again.write(StdioStream::out, "line 40\n", kTime);
  CHECK(all_of(log.path) == text + "line 40\n");
}

TEST_CASE("a log that was emptied by hand is read on from its start", "[02][log]") {
  TempFolder folder;
  const std::string path = folder.path() / "log";
  JsonLogWriter writer({.path = path});
  writer.write(StdioStream::out, numbered(0, 100), kTime);
  LogReader reader(path);
  CHECK(rest_of(reader) == numbered(0, 100));
  fs::resize_file(path, 0);
  CHECK(rest_of(reader).empty());
  writer.write(StdioStream::out, "after\n", kTime);
  CHECK(rest_of(reader) == "after\n");
}

TEST_CASE("half an entry, or zeros, in front of a whole one do not hide it", "[02][log][attack]") {
  TempFolder folder;
  const std::string path = folder.path() / "log";
  const std::string whole = R"({"log":"ok\n","stream":"stderr","time":"2025-01-01T00:00:00Z"})";
  write_text(path, R"({"log":"to)" + whole + "\n" + std::string(5, '\0') + whole + "\n" + whole +
                       "\n" + R"({"log":"torn)");
  CHECK(all_of(path) == "ok\nok\nok\n");
}

TEST_CASE("what a log driver adds to entries is read back", "[02][log]") {
  TempFolder folder;
  const std::string path = folder.path() / "log";
  JsonLogWriter writer({.path = path, .attributes = R"({"team":"a b"})"});
  writer.write(StdioStream::out, "x\n", kTime);
  CHECK(read_text(path) == R"({"log":"x\n","stream":"stdout","attrs":{"team":"a b"},"time":")" +
                               std::string(kTime) + "\"}\n");
  LogReader reader(path);
  const auto entry = reader.next();
  REQUIRE(entry);
  CHECK(entry->attributes == R"({"team":"a b"})");
}

TEST_CASE("a disk that stays full: memory stays small, and the log says what is missing",
          "[02][log][attack]") {
  TempFolder folder;
  const std::string disk = folder.path() / "disk";
  fs::create_directory(disk);
  check(::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=4m"), "mount", disk);
  {
    JsonLogWriter writer({.path = disk + "/log"});
    write_text(disk + "/ballast", std::string(4'100'000, 'x'));
    int refused = 0;
    for (int i = 0; i < 40'000; ++i) {
      try {
        writer.write(StdioStream::out, "line " + std::to_string(i) + "\n", kTime);
      } catch (const SysError& error) {
        CHECK(error.is(ENOSPC));
        ++refused;
      }
    }
    CHECK(refused == 1);  // said once
    fs::remove(disk + "/ballast");
    writer.write(StdioStream::out, "room again\n", kTime);
    const std::string text = all_of(disk + "/log");
    const std::size_t note = text.find("[slipway: ");
    REQUIRE(note != std::string::npos);
    const int lost = std::stoi(text.substr(note + 10));
    const std::string after = text.substr(text.find('\n', note) + 1);
    CHECK(text.substr(0, note) + after == numbered(0, 40'000 - lost) + after);
    CHECK(lost > 10'000);
    CHECK(after.ends_with("room again\n"));
  }
  ::umount2(disk.c_str(), 0);
}
