#pragma once
/// \file
/// An engine of our own: real programs, private roots, driven from outside.

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "command.hpp"
#include "environment.hpp"

namespace slipway::test {

/// How to start one.
struct EngineOptions {
  std::string stage = "final";     ///< whose programs: "final", "01" … "07"
  std::vector<std::string> flags;  ///< more flags for slipwayd
  bool images = true;              ///< load build/images/{busybox,slipway-test}.tar
};

/// An answer to `http()`.
struct HttpAnswer {
  int status = 0;                              ///< 0 if there was no answer
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
  /// The body as JSON. \throws nlohmann::json::parse_error
  [[nodiscard]] nlohmann::json json() const;
};
std::ostream& operator<<(std::ostream& stream, const HttpAnswer& answer);

/// A running slipwayd with its own --data-root, --exec-root and socket. At the end of its life its
/// containers are removed, the engine and its supervisor stopped, and its folder deleted. Not
/// thread-safe.
class TestEngine {
 public:
  /// Starts it and waits until it is ready. \throws std::runtime_error with its log if it does not
  /// get there
  explicit TestEngine(EngineOptions options = {});
  ~TestEngine();
  TestEngine(const TestEngine&) = delete;
  TestEngine& operator=(const TestEngine&) = delete;

  /// `docker -H …` and `slipway -H …` with these arguments.
  CommandResult docker(std::vector<std::string> arguments, CommandOptions options = {});
  CommandResult slipway(std::vector<std::string> arguments, CommandOptions options = {});
  /// Their command lines, for RunningCommand.
  [[nodiscard]] std::vector<std::string> docker_line(std::vector<std::string> arguments) const;
  [[nodiscard]] std::vector<std::string> slipway_line(std::vector<std::string> arguments) const;
  /// Asks the engine through curl; `target` without version prefix gets none.
  HttpAnswer http(std::string_view method, std::string_view target, std::string_view body = {});
  /// Asks any box by its socket ("curl --unix-socket SOCKET").
  static HttpAnswer http_at(const std::filesystem::path& socket, std::string_view method,
                            std::string_view target, std::string_view body = {});

  /// Starts a stopped or killed engine again, on the same roots.
  void start();
  /// SIGTERM, and waits. \returns its exit code, -1 if it had to be killed
  int stop();
  /// kill -9, and waits.
  void kill_engine();
  /// kill -9 of the supervisor, found by its command line.
  void kill_supervisor();

  [[nodiscard]] bool running() const { return daemon_ && daemon_->running(); }
  /// The engine's pid, -1 if it does not run.
  [[nodiscard]] pid_t pid() const { return running() ? daemon_->pid() : -1; }
  /// The supervisor's pid, or nothing.
  [[nodiscard]] std::optional<pid_t> supervisor_pid() const;
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
  [[nodiscard]] std::filesystem::path data_root() const { return folder() / "data"; }
  [[nodiscard]] std::filesystem::path exec_root() const { return folder() / "exec"; }
  [[nodiscard]] std::filesystem::path socket() const { return exec_root() / "slipway.sock"; }
  [[nodiscard]] std::filesystem::path supervisor_socket() const {
    return exec_root() / "supervisor.sock";
  }
  [[nodiscard]] std::string endpoint() const { return "unix://" + socket().string(); }
  /// What the engine has printed so far.
  [[nodiscard]] std::string log() const { return read_text(folder() / "engine.log"); }
  /// Loads an image file of build/images/. \throws std::runtime_error
  void load(std::string_view file);

  /// What stands in its roots, and how many descriptors its daemons hold, beyond what was there
  /// when it got ready.
  [[nodiscard]] std::vector<std::string> leftovers() const;
  /// The engines that are alive now.
  static const std::set<TestEngine*>& all();

 private:
  void wait_until_ready(std::size_t printed_before);
  [[nodiscard]] std::set<std::string> files() const;
  void remove_containers();
  EngineOptions options_;
  TempFolder folder_;
  std::unique_ptr<Daemon> daemon_;
  std::set<std::string> files_when_ready_;
  std::map<pid_t, std::size_t> descriptors_when_ready_;
};

/// The engine that all tests of a source file share: made when its first test asks, stopped when
/// another file asks, or at the end of the run.
TestEngine& shared_engine(const std::source_location& where = std::source_location::current());
/// Stops it now.
void stop_shared_engine();

}  // namespace slipway::test
