/// \file
/// The log: what the container wrote, into docker's json-file format and back.

#include <sys/mount.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/logs/json_log.hpp"
#include "02-daemon/logs/log_reader.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;
using Words = std::vector<std::string>;
namespace fs = std::filesystem;

namespace {

constexpr char kTime[] = "2025-06-01T12:00:00.000000001Z";

/// A log file, written and read.
struct Log {
  TempFolder folder;
  std::string path = folder.path() / "log.json";
  JsonLogWriter writer{{.path = path}};

  void out(std::string_view bytes) { writer.write(StdioStream::out, bytes, kTime); }
  void err(std::string_view bytes) { writer.write(StdioStream::err, bytes, kTime); }
  [[nodiscard]] std::string text() const { return read_text(path); }
};

/// "o:text" or "e:text" of every entry.
Words entries(LogReader& reader) {
  Words all;
  while (const auto entry = reader.next()) {
    all.push_back((entry->stream == StdioStream::out ? "o:" : "e:") + entry->text);
  }
  return all;
}

Words entries(const std::string& path) {
  LogReader reader(path);
  return entries(reader);
}

/// What a reader gets of a log with only this text written to stdout.
std::string through_the_log(std::string_view text) {
  Log log;
  log.out(text);
  log.writer.finish(kTime, false);
  std::string all;
  for (const std::string& entry : entries(log.path)) all += entry.substr(2);
  return all;
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

void append_raw(const std::string& path, std::string_view text) {
  write_text(path, read_text(path) + std::string(text));
}

}  // namespace

TEST_CASE("output becomes entries line by line, each stream by itself", "[02][log]") {
  Log log;
  log.out("one\ntwo");
  log.err("bad\n");
  log.out(" and a half\n\n");
  CHECK(entries(log.path) == Words{"o:one\n", "e:bad\n", "o:two and a half\n", "o:\n"});
  CHECK_THAT(log.text(), Catch::StartsWith(R"({"log":"one\n","stream":"stdout","time":")" +
                                           std::string(kTime)));
}

TEST_CASE("a line without an end is written at the end", "[02][log]") {
  Log log;
  log.out("prompt> ");
  log.err("oops");
  CHECK(entries(log.path).empty());
  log.writer.finish(kTime, true);
  CHECK(entries(log.path) == Words{"o:prompt> ", "e:oops"});
}

TEST_CASE("a line longer than 16 KiB becomes several entries; only the last ends in a line feed",
          "[02][log]") {
  const std::size_t length = GENERATE(16383, 16384, 16385, 40'000);
  Log log;
  const std::string line = std::string(length, 'x') + "\n";
  log.out(line);
  const Words got = entries(log.path);
  CHECK(got.size() == line.size() / 16384 + (line.size() % 16384 != 0 ? 1 : 0));
  std::string joined;
  for (const std::string& entry : got) joined += entry.substr(2);
  CHECK(joined == line);
}

TEST_CASE("a long line is not cut inside a character", "[02][log]") {
  for (const std::string character : {"ä", "€", "😀"}) {
    for (std::size_t shift = 0; shift < character.size(); ++shift) {
      std::string line(shift, '-');
      while (line.size() < 50'000) line += character;
      CHECK((through_the_log(line + "\n") == line + "\n"));
    }
  }
}

TEST_CASE("text comes back as it was written", "[02][log]") {
  const std::string text =
      GENERATE(as<std::string>(), "tab\tquote\"back\\slash\r\n", "<b>&amp;</b>\n",
               "\x01\x1b[31mred\x7f\n", "ä€😀\n", "\u2028\u2029\n", std::string("\0zero\n", 6));
  CHECK(through_the_log(text) == text);
}

TEST_CASE("the log is docker's to the letter, and valid JSON", "[02][log]") {
  CHECK(json_string("a<b>&\"\\\n\r\t\x01") == R"("a\u003cb\u003e\u0026\"\\\n\r\t\u0001")");
  CHECK(json_string("\u2028") == R"("\u2028")");
  CHECK(json_string("ä€😀") == "\"ä€😀\"");
}

TEST_CASE("bytes that are no UTF-8 become U+FFFD, one each", "[02][log][attack]") {
  const auto [bytes, written] = GENERATE(table<std::string, std::string>({
      {"\xff", R"("\ufffd")"},
      {"a\x80z", R"("a\ufffdz")"},
      {"\xc0\xaf", R"("\ufffd\ufffd")"},                      // an overlong '/'
      {"\xed\xa0\x80", R"("\ufffd\ufffd\ufffd")"},            // half a surrogate pair
      {"\xf5\x80\x80\x80", R"("\ufffd\ufffd\ufffd\ufffd")"},  // beyond U+10FFFF
      {"\xe2\x82", R"("\ufffd\ufffd")"},                      // cut off
  }));
  CHECK(json_string(bytes) == written);
  CHECK(nlohmann::json::accept(json_string(bytes)));
}

TEST_CASE("a torn last line is skipped, and does not take the next entry with it", "[02][log]") {
  Log log;
  log.out("whole\n");
  append_raw(log.path, R"({"log":"tor)");  // the power went
  CHECK(entries(log.path) == Words{"o:whole\n"});
  JsonLogWriter again({.path = log.path});
  again.write(StdioStream::out, "after\n", kTime);
  CHECK(entries(log.path) == Words{"o:whole\n", "o:after\n"});
}

TEST_CASE("lines that are no entries are skipped", "[02][log][attack]") {
  Log log;
  log.out("first\n");
  append_raw(log.path,
             "[]\n\n{\"log\":5}\n{\"stream\":\"stdout\"}\n{\"log\":\"x\",\"stream\":1}\n" +
                 std::string("\xff\xfe\0\n", 4) + std::string(300'000, '[') + "\n");
  log.out("last\n");
  const Words got = entries(log.path);
  CHECK(got.front() == "o:first\n");
  CHECK(got.back() == "o:last\n");
}

TEST_CASE("a reader goes on with what has come meanwhile", "[02][log]") {
  Log log;
  LogReader reader(log.path);
  LogReader early(log.folder.path() / "later.json");
  CHECK(entries(reader).empty());
  CHECK_FALSE(early.next());  // no file is an empty log
  log.out("one\n");
  CHECK(entries(reader) == Words{"o:one\n"});
  append_raw(log.path, R"({"log":"half)");
  CHECK(entries(reader).empty());
  append_raw(log.path, " and half\\n\",\"stream\":\"stdout\",\"time\":\"2025-01-01T00:00:00Z\"}\n");
  CHECK(entries(reader) == Words{"o:half and half\n"});
  fs::copy_file(log.path, log.folder.path() / "later.json");
  CHECK(entries(early).size() == 2);
}

TEST_CASE("the last entries of a log, however long it is", "[02][log]") {
  Log log;
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "line " + std::to_string(i) + "\n";  // 200 KB of log
  log.out(text);
  const std::size_t count = GENERATE(0, 1, 2, 1500, 3000, 5000);
  LogReader reader(log.path);
  reader.seek_last(count);
  const Words got = entries(reader);
  CHECK(got.size() == std::min<std::size_t>(count, 3000));
  if (!got.empty()) CHECK(got.back() == "o:line 2999\n");
  if (!got.empty()) CHECK(got.front() == "o:line " + std::to_string(3000 - got.size()) + "\n");
}

TEST_CASE("a full disk loses no line: what waits goes out, in order, when there is room",
          "[02][log][attack]") {
  TempFolder folder;
  const std::string disk = folder.path() / "disk";
  fs::create_directory(disk);
  check(::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=64k"), "mount", disk);
  {
    JsonLogWriter writer({.path = disk + "/log.json"});
    write_text(disk + "/ballast", std::string(40'000, 'x'));
    std::string written;
    bool full = false;
    for (int i = 0; i < 1000 && !full; ++i) {
      const std::string line = "line " + std::to_string(i) + "\n";
      written += line;
      try {
        writer.write(StdioStream::out, line, kTime);
      } catch (const SysError& error) {
        full = error.is(ENOSPC);
      }
    }
    CHECK(full);
    fs::remove(disk + "/ballast");
    writer.write(StdioStream::out, "room again\n", kTime);
    std::string got;
    for (const std::string& entry : entries(disk + "/log.json")) got += entry.substr(2);
    CHECK(got == written + "room again\n");
  }
  ::umount2(disk.c_str(), 0);
}

TEST_CASE("no path, no log", "[02][log]") {
  JsonLogWriter none(LogTarget{});
  none.write(StdioStream::out, "into the void\n", kTime);
  none.finish(kTime, true);
}

TEST_CASE("times of the API", "[02][log]") {
  CHECK(parse_log_time("1700000000", "since") == 1'700'000'000'000'000'000);
  CHECK(parse_log_time("1700000000.5", "since") == 1'700'000'000'500'000'000);
  CHECK(parse_log_time("1700000000.000000001", "since") == 1'700'000'000'000'000'001);
  CHECK(parse_log_time("2023-11-14T22:13:20.25Z", "since") == 1'700'000'000'250'000'000);
  CHECK_THROWS_WITH(parse_log_time("yesterday", "since"),
                    Contains("'since'") && Contains("yesterday"));
  CHECK(entry_nanoseconds({.text = "", .time = kTime}) % 1000 == 1);
  CHECK(entry_nanoseconds({.text = "", .time = "?"}) == 0);
}
