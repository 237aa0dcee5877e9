#pragma once
/// \file
/// What a test knows about this run: its seed, the machine's speed, where the programs are, what
/// may be skipped. Single-threaded, as the tests are.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::test {

/// Facts and notes of the run. One per process: Catch2's listener, its reporter and the tests share
/// it.
class Environment {
 public:
  static Environment& get();

  /// SLIPWAY_TEST_SEED, or a random one.
  std::uint64_t seed = 0;
  /// How many times slower than the machine that the limits were written on; from 1 to 20.
  double slowness = 1;
  /// Folder of everything that is built (build/).
  std::filesystem::path build;
  /// All folders that this run makes begin so: "/tmp/slipway-test-PID-".
  std::string prefix;

  /// The commands of the running test, with their results.
  std::vector<std::string> commands;
  /// Why the running test was skipped; empty if it was not.
  std::string skipped;
  /// The tests that left something behind.
  std::vector<std::string> leaky_tests;
  /// What the running test left behind; empty if nothing.
  std::vector<std::string> leaks;

  /// A number below `bound`, from the seed.
  std::uint64_t random(std::uint64_t bound);
  /// Forgets the last test's notes.
  void start_test();

 private:
  Environment();
  std::uint64_t state_ = 0;
};

/// A name that nobody else has: "PREFIX-x7k2m9qa".
std::string random_name(std::string_view prefix = "test");
/// A time limit for this machine.
std::chrono::milliseconds limit(std::chrono::milliseconds on_a_fast_machine);
/// build/final/NAME, or build/stage-0N/NAME for stage "0N".
std::filesystem::path program(std::string_view name, std::string_view stage = "final");
/// build/images/NAME.
std::filesystem::path image_file(std::string_view name);
/// Asks `done` again and again until it says true (then true) or the limit is over (false).
template <class Done>
bool eventually(Done done, std::chrono::milliseconds within);

/// Marks the running test as skipped; `return` from it afterwards.
void skip(std::string_view reason);
/// True if the command is on the PATH (or is a file); else skips: `if (!needs("docker")) return;`
bool needs(std::string_view command);

/// A new folder with the run's prefix. Removed with what is in it, unless something is mounted
/// there (a leak).
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// A whole file as text; "" if there is none.
std::string read_text(const std::filesystem::path& path);
/// Writes a file for a test.
void write_text(const std::filesystem::path& path, std::string_view text);

void sleep_for(std::chrono::milliseconds time);

template <class Done>
bool eventually(Done done, std::chrono::milliseconds within) {
  const auto end = std::chrono::steady_clock::now() + limit(within);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return done();
    sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace slipway::test
