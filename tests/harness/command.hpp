#pragma once
/// \file
/// Running programs from a test: no shell unless asked, always with a time limit, always written
/// down.

#include <sys/types.h>

#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "01-cli-socket/unique_fd.hpp"

namespace slipway::test {

/// What a command gets besides its arguments.
struct CommandOptions {
  std::string input;                     ///< standard input; empty: /dev/null
  std::vector<std::string> environment;  ///< "NAME=value", added to ours
  std::string folder;                    ///< working directory; empty: ours
  std::chrono::seconds within{60};       ///< killed after this time (times the machine's slowness)
  bool terminal = false;  ///< a terminal as stdin, stdout and stderr: all output in `out`
};

/// What came of a command. Streams as command line, status and output: `INFO(result)`.
struct CommandResult {
  std::string command;  ///< as one would type it
  int status = -1;      ///< exit code; 128 + n if signal n ended it
  std::string out;
  std::string err;
  bool timed_out = false;
};
std::ostream& operator<<(std::ostream& stream, const CommandResult& result);

/// A program that runs beside the test. Killed with its process group at the end of its life. Not
/// thread-safe.
class RunningCommand {
 public:
  /// \param line  program (looked up in PATH) and arguments
  /// \throws SysError if it cannot be started
  explicit RunningCommand(std::vector<std::string> line, CommandOptions options = {});
  /// The same, but with standard input left open for write(); `options.input` is sent first.
  static RunningCommand interactive(std::vector<std::string> line, CommandOptions options = {});
  ~RunningCommand();
  RunningCommand(RunningCommand&& other) noexcept;

  /// Sends text to its standard input.
  void write(std::string_view text);
  /// Ends its standard input.
  void close_input();
  /// True as soon as stdout and stderr together contain `text`; false if it ends or the time is
  /// over before.
  bool wait_for_output(std::string_view text,
                       std::chrono::milliseconds within = std::chrono::seconds(10));
  void signal(int number);
  /// True while it runs.
  bool running();
  /// Waits for its end (until the option `within`, then kills it) and returns what came of it.
  CommandResult finish();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// What it has written so far.
  [[nodiscard]] const std::string& out() const noexcept { return result_.out; }
  [[nodiscard]] const std::string& err() const noexcept { return result_.err; }

 private:
  RunningCommand(std::vector<std::string> line, CommandOptions options, bool keep_input);
  void spawn(bool keep_input);
  void pump(std::chrono::milliseconds wait);
  void read_from(UniqueFd& source, std::string& into);
  void send_pending();
  void reap();
  std::vector<std::string> line_;
  CommandOptions options_;
  CommandResult result_;
  std::string pending_;  ///< input not yet sent
  bool keep_input_ = false;
  bool ended_ = false;
  pid_t pid_ = -1;
  UniqueFd pidfd_, input_, out_, err_;
};

/// Runs a command to its end.
CommandResult run_command(std::vector<std::string> line, CommandOptions options = {});
/// Runs a shell script, for tests about shells and pipelines.
CommandResult run_shell(const std::string& script, CommandOptions options = {});
/// The words as one would type them, quoted for a shell.
std::string quoted(const std::vector<std::string>& line);

/// A program that goes on in the background and writes to a log file. Killed at the end of its
/// life.
class Daemon {
 public:
  Daemon(const std::vector<std::string>& line, const std::string& log_file);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  bool running();
  /// Sends the signal and waits for the end. \returns the exit code (128 + n), -1 if it had to be
  /// killed
  int end_with(int signal, std::chrono::milliseconds within);

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

/// Our children, as opposed to orphans of theirs that the kernel gave to us (see leak_check.cpp).
bool started_by_us(pid_t pid);

}  // namespace slipway::test
