#pragma once
/// \file
/// Runs a list of launch steps (launch_step.hpp draws the order), and its undoing.

#include <optional>
#include <stdexcept>
#include <string>

#include "launch_step.hpp"
#include "sync_channel.hpp"

namespace slipway {

/// A launch that failed; `what()` names the step: "step 'rootfs': mount overlay on /: Invalid argument".
class LaunchFailure : public std::runtime_error {
 public:
  LaunchFailure(const std::string& message, bool command_error, std::string advice = {})
      : std::runtime_error(message), command_error_(command_error), advice_(std::move(advice)) {}
  /// True if the command cannot be run (see CommandError): the client's mistake.
  [[nodiscard]] bool command_error() const noexcept { return command_error_; }
  /// Where it happened, and what to try: lines for a person (launch_advice.hpp).
  [[nodiscard]] const std::string& advice() const noexcept { return advice_; }

 private:
  bool command_error_;
  std::string advice_;
};

/// One launch. In the shim only: one thread.
class Launcher {
 public:
  /// Borrows both; they outlive the launcher.
  Launcher(LaunchContext& context, LaunchSteps& steps) : context_(context), steps_(steps) {}
  ~Launcher() { undo(); }
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

  /// Up to "created": everything is set up, the process waits before execve. On failure all is undone and the child
  /// is dead and reaped. \throws LaunchFailure
  void create();
  /// Lets the process go on to execve. \throws LaunchFailure; the process has ended then
  void start();

  /// The same two without waiting, for a shim that has others to serve: `create` is `begin` and `take_news` until that is
  /// true; `start` is `let_go` and `take_end`. There is news, or the end, when news_fd() is readable. After a failure the
  /// child is still there: `abandon`.
  void begin();
  /// \returns true if the process is "created" \throws LaunchFailure
  bool take_news();
  void let_go();
  void take_end();
  [[nodiscard]] int news_fd() const noexcept { return channel_ ? channel_->fd() : -1; }
  /// Kills the child, reaps it, undoes the steps.
  void abandon() noexcept;

  /// Undoes the steps that were prepared, backwards; once.
  void undo() noexcept;

 private:
  void prepare();
  void clone_child();
  void run_parent_steps();
  void child_moved(ChildReport& report);
  void take_report(const std::optional<ChildReport>& report);
  void note_exec(const std::string& result);
  void kill_child() noexcept;
  [[noreturn]] void run_child(SyncChannel channel);
  static void go_on_as_new_process(SyncChannel& channel);
  void run_child_steps(LaunchContext& child, SyncChannel& channel);

  LaunchContext& context_;
  LaunchSteps& steps_;
  std::size_t prepared_ = 0;  ///< how many steps have to be undone
  std::int64_t let_go_at_us_ = 0;
  std::optional<SyncChannel> channel_;
};

}  // namespace slipway
