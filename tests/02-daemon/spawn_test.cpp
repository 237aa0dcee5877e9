/// \file
/// Starting programs: what the child gets, and what it must not get.

#include <fcntl.h>
#include <signal.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/spawn.hpp"
#include "harness/harness.hpp"
#include "harness/processes.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;

namespace {

/// Files that children write into.
struct Files {
  TempFolder folder;
  UniqueFd open(const std::string& name) const {
    return UniqueFd(
        ::open((folder.path() / name).c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    return read_text(folder.path() / name);
  }
};

/// Runs a script with these descriptors. \returns its exit code
int run_script(const std::string& script, std::vector<std::pair<int, int>> descriptors) {
  return wait_for_exit(
      spawn({.program = "/bin/sh", .args = {"-c", script}, .descriptors = std::move(descriptors)}));
}

UniqueFd at_number(const UniqueFd& fd, int number) {
  return UniqueFd(check(::dup3(fd.get(), number, O_CLOEXEC), "dup3"));
}

}  // namespace

TEST_CASE("a child's exit code, or the signal that ended it", "[02][spawn]") {
  CHECK(run_script("exit 7", {}) == 7);
  CHECK(run_script("kill -9 $$", {}) == 128 + SIGKILL);
}

TEST_CASE("a child gets the descriptors that it is given, by their numbers there", "[02][spawn]") {
  const Files files;
  const UniqueFd one = files.open("one"), two = files.open("two");
  CHECK(run_script("echo first >&1; echo second >&5; echo third >&2",
                   {{one.get(), 1}, {two.get(), 5}, {one.get(), 2}}) == 0);
  CHECK(files.text("one") == "first\nthird\n");
  CHECK(files.text("two") == "second\n");
}

TEST_CASE("numbers may clash with ours in any way", "[02][spawn][attack]") {
  const Files files;
  const UniqueFd one = files.open("one"), two = files.open("two");
  const int low = GENERATE(7, 64, 65, 200);
  const UniqueFd first = at_number(one, low), second = at_number(two, low + 1);
  // dash takes one digit only: the script asks /proc for the others.
  const auto say = [](const std::string& text, int number) {
    return "echo " + text + " >> /proc/self/fd/" + std::to_string(number) + "; ";
  };
  const std::string script = say("to-one", low + 1) + say("to-two", low);
  CHECK(run_script(script, {{low, low + 1}, {low + 1, low}}) == 0);
  CHECK(files.text("one") == "to-one\n");
  CHECK(files.text("two") == "to-two\n");
  CHECK(run_script(say("same", low), {{low, low}}) == 0);
  CHECK(files.text("one") == "to-one\nsame\n");
}

TEST_CASE("a child gets no descriptor but those", "[02][spawn][attack]") {
  const Files files;
  const UniqueFd out = files.open("out"), secret = files.open("secret");
  REQUIRE(wait_for_exit(spawn({.program = "/bin/ls",
                               .args = {"/proc/self/fd"},
                               .descriptors = {{out.get(), 1}, {secret.get(), 9}}})) == 0);
  const std::set<std::string> expected{"0", "1", "2", "9"};
  std::istringstream lines(files.text("out"));
  std::set<std::string> seen;
  for (std::string line; std::getline(lines, line);) seen.insert(line);
  CHECK(seen.size() <= expected.size() + 1);  // and the listing itself
  for (const std::string& number : expected) CHECK(seen.contains(number));
}

TEST_CASE("streams that are not named are /dev/null", "[02][spawn]") {
  const Files files;
  const UniqueFd out = files.open("out");
  CHECK(run_script("readlink /proc/self/fd/0 /proc/self/fd/2; cat", {{out.get(), 1}}) == 0);
  CHECK(files.text("out") == "/dev/null\n/dev/null\n");
}

TEST_CASE("signals that we block or ignore are the child's again", "[02][spawn]") {
  const Files files;
  const UniqueFd out = files.open("out");
  sigset_t terminate, before;
  ::sigemptyset(&terminate);
  ::sigaddset(&terminate, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &terminate, &before);
  CHECK(run_script("grep -E 'Sig(Blk|Ign)' /proc/self/status", {{out.get(), 1}}) == 0);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  // Signals 32 and 33 are glibc's own (nptl(7)); its posix_spawn sets them, and nobody else can.
  const std::string seen = files.text("out");
  INFO(seen);
  CHECK(seen.starts_with("SigBlk:\t0000000000000000\nSigIgn:\t"));
  const unsigned long ignored = std::stoul(seen.substr(seen.rfind('\t') + 1), nullptr, 16);
  CHECK((ignored & ~0x180000000UL) == 0);
}

TEST_CASE("a new session for a program that outlives us", "[02][spawn]") {
  const Files files;
  const UniqueFd out = files.open("out");
  const SpawnedProcess child = spawn({.program = "/bin/sh",
                                      .args = {"-c", "cut -d' ' -f6 /proc/self/stat"},
                                      .descriptors = {{out.get(), 1}},
                                      .new_session = true});
  CHECK(wait_for_exit(child) == 0);
  CHECK(files.text("out") == std::to_string(child.pid) + "\n");
}

TEST_CASE("a program that is not there is named; nothing of the attempt is left", "[02][spawn]") {
  const std::size_t before = open_descriptors(::getpid());
  CHECK_THROWS_WITH(spawn({.program = "/no/such/program"}),
                    Contains("posix_spawn /no/such/program: No such file or directory"));
  CHECK_THROWS_AS(spawn({.program = "/bin/true", .descriptors = {{9999, 1}}}), SysError);
  CHECK(open_descriptors(::getpid()) == before);
}

TEST_CASE("a sibling stands beside the program that runs", "[02][spawn]") {
  CHECK(sibling_program("slipway-tests") ==
        std::filesystem::read_symlink("/proc/self/exe").string());
}
