#pragma once
/// \file
/// One process with its streams, in the shim: the container's first process, or one that `exec` put beside it. It is
/// launched, its output goes to whoever is attached, their input goes to it, and its exit code is taken.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "02-daemon/launch/launcher.hpp"
#include "attached_client.hpp"
#include "container_stdio.hpp"
#include "event_loop.hpp"
#include "stdin_feeder.hpp"

namespace slipway {

/// What is to run, and how it is connected.
struct ProcessPlan {
  nlohmann::json spec;       ///< OCI config.json
  std::string bundle;        ///< the folder of the container's config.json
  std::string id;            ///< the container's
  int container_pidfd = -1;  ///< the container to join; -1: this process is the container
  pid_t container_pid = 0;   ///< its first process
  bool open_stdin = false;   ///< false: stdin is /dev/null
  bool stdin_once = false;   ///< the first client's end of input ends stdin
  std::string spool_folder;  ///< where output waits for slow clients
};

/// Not thread-safe. Lives no longer than loop and trace.
class ShimProcess {
 public:
  /// Called from the event loop.
  struct Hooks {
    /// What it printed, before the clients get it.
    std::function<void(StdioStream, std::string_view)> output;
    /// It has ended: exit_code() is known, its output is with the clients, who wait for finish_clients().
    std::function<void()> ended;
    /// A step has seen something: observed() has changed. Empty: nobody asks.
    std::function<void()> observed{};
  };

  /// Makes its pipes. \throws SysError, ApiError (a spec that is none)
  ShimProcess(EventLoop& loop, Trace& trace, ProcessPlan plan, LaunchSteps steps, Hooks hooks);
  ~ShimProcess();
  ShimProcess(const ShimProcess&) = delete;
  ShimProcess& operator=(const ShimProcess&) = delete;

  /// Sets it up, and waits for that. \throws LaunchFailure
  void create();
  /// Lets it run, and waits for that. \throws LaunchFailure; it has ended then
  void start();
  /// Both without waiting: others are served meanwhile. \param done  called once, from the event loop: with the failure,
  /// and then it has ended and `ended` is not called; or with none when it runs. Its output waits for connect_output().
  void launch(std::function<void(const LaunchFailure*)> done);
  /// Drops what only its start needed. Not before start() or launch() are done.
  void forget_launch();
  /// From now on output is read.
  void connect_output();

  /// What it runs, as JSON text; not after forget_launch().
  [[nodiscard]] std::string command() const;
  [[nodiscard]] pid_t pid() const noexcept { return context_.pid; }
  [[nodiscard]] int pidfd() const noexcept { return context_.pidfd.get(); }
  /// False once its end was seen.
  [[nodiscard]] bool alive() const noexcept { return alive_; }
  [[nodiscard]] int exit_code() const noexcept { return exit_code_; }
  [[nodiscard]] const Observations& observed() const noexcept { return context_.observed; }
  /// The signal that ended it; 0 if none did.
  [[nodiscard]] int end_signal() const noexcept { return end_signal_; }
  /// \throws ApiError 409 if it has ended
  void signal(int number);
  /// Nothing without a terminal. \throws SysError
  void resize(TerminalSize size);

  /// Attaches a client. One that comes after the end gets the end.
  void attach(RawStream stream, AttachOptions options);
  [[nodiscard]] std::size_t clients() const noexcept { return clients_.size(); }
  void drop_gone_clients();
  /// No more output will come.
  void finish_clients();

 private:
  void take_streams();
  void watch_output(UniqueFd& pipe, StdioStream stream);
  bool pump(UniqueFd& pipe, StdioStream stream);
  void drain_output();
  void launch_news();
  void launch_failed(const LaunchFailure& failure);
  void end();

  EventLoop& loop_;
  ProcessPlan plan_;
  Hooks hooks_;
  LaunchSteps steps_;
  StdioPipes pipes_;
  LaunchContext context_;
  Launcher launcher_;
  std::unique_ptr<StdinFeeder> feeder_;
  std::vector<std::unique_ptr<AttachedClient>> clients_;
  std::function<void(const LaunchFailure*)> launched_;
  bool created_ = false;
  bool alive_ = false;
  bool finished_ = false;
  int exit_code_ = 0;
  int end_signal_ = 0;
};

}  // namespace slipway
