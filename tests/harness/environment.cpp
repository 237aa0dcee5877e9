#include "environment.hpp"

#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "01-cli-socket/sys_error.hpp"

namespace slipway::test {

namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t choose_seed() {
  if (const char* given = ::getenv("SLIPWAY_TEST_SEED")) return std::stoull(given);
  return std::random_device()() % 1'000'000;
}

void start_true() {
  char name[] = "/bin/true";
  char* const line[] = {name, nullptr};
  pid_t pid = -1;
  if (::posix_spawn(&pid, name, nullptr, nullptr, line, environ) == 0) ::waitpid(pid, nullptr, 0);
}

// Starting a process is what tests wait for most, so its cost is our measure of a machine: 2 ms on
// the one that the limits were written on. The median of several, because other work may run beside
// us.
double measure_slowness() {
  std::vector<double> times;
  for (int i = 0; i < 15; ++i) {
    const auto start = Clock::now();
    start_true();
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::nth_element(times.begin(), times.begin() + 7, times.end());
  return std::clamp(times[7] / 2.0, 1.0, 20.0);
}

bool is_mounted_below(const std::filesystem::path& folder) {
  return read_text("/proc/self/mountinfo").find(" " + folder.string() + "/") != std::string::npos;
}

}  // namespace

Environment& Environment::get() {
  static Environment environment;
  return environment;
}

// The program is build/tests/slipway-tests.
Environment::Environment()
    : seed(choose_seed()),
      slowness(measure_slowness()),
      build(std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path()),
      prefix("/tmp/slipway-test-" + std::to_string(::getpid()) + "-"),
      state_(seed) {}

// splitmix64 (Steele, Lea and Flood 2014): one line of state, the same numbers on every machine.
std::uint64_t Environment::random(std::uint64_t bound) {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (z ^ (z >> 31)) % bound;
}

void Environment::start_test() {
  commands.clear();
  skipped.clear();
  leaks.clear();
}

std::string random_name(std::string_view prefix) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string name = std::string(prefix) + "-";
  for (int i = 0; i < 8; ++i) name += kLetters[Environment::get().random(kLetters.size())];
  return name;
}

std::chrono::milliseconds limit(std::chrono::milliseconds on_a_fast_machine) {
  return std::chrono::milliseconds(static_cast<long>(
      static_cast<double>(on_a_fast_machine.count()) * Environment::get().slowness));
}

std::filesystem::path program(std::string_view name, std::string_view stage) {
  const std::string folder = stage == "final" ? "final" : "stage-" + std::string(stage);
  return Environment::get().build / folder / name;
}

std::filesystem::path image_file(std::string_view name) {
  return Environment::get().build / "images" / name;
}

void skip(std::string_view reason) { Environment::get().skipped = reason; }

bool needs(std::string_view command) {
  const std::string path = ::getenv("PATH") ? ::getenv("PATH") : "/usr/sbin:/usr/bin:/sbin:/bin";
  if (command.starts_with('/') && ::access(std::string(command).c_str(), X_OK) == 0) return true;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    const std::string file = path.substr(at, end - at) + "/" + std::string(command);
    if (::access(file.c_str(), X_OK) == 0) return true;
    at = end + 1;
  }
  skip("there is no command '" + std::string(command) + "' on this machine");
  return false;
}

TempFolder::TempFolder() {
  std::string name = Environment::get().prefix + "XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw SysError(errno, "mkdtemp", name);
  path_ = name;
}

// A forgotten bind mount in here may show the host's own files: then nothing is touched, and the
// leak check tells.
TempFolder::~TempFolder() {
  std::error_code ignored;  // what could not be removed is found by the leak check
  if (!is_mounted_below(path_)) std::filesystem::remove_all(path_, ignored);
}

std::string read_text(const std::filesystem::path& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();  // no exception for a file of /proc whose process ends meanwhile
  return text.str();
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

void sleep_for(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

}  // namespace slipway::test
