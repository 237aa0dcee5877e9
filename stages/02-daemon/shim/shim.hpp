#pragma once
/// \file
/// The shim: the parent of one container. It outlives every daemon and needs none. One thread, one epoll loop.
///
/// Its life: make the pipes and the socket; launch up to "created"; tell the supervisor; serve until the container's first
/// process has ended; write the rest of the log, then the exit record, durably, and only then tell anybody.

#include <optional>
#include <string>
#include <vector>

#include "02-daemon/logs/json_log.hpp"
#include "02-daemon/task/task_files.hpp"
#include "event_loop.hpp"
#include "shim_door.hpp"
#include "shim_execs.hpp"
#include "shim_process.hpp"

namespace slipway {

/// One container's parent. Not thread-safe.
class Shim {
 public:
  /// Reads the task's folder, takes its lock, listens on its socket.
  /// \throws SysError, ApiError (a damaged task.json or config.json), std::runtime_error (another shim has the lock)
  Shim(TaskFolder folder, LaunchSteps steps, ExecSteps exec_steps);

  /// Sets the container up to "created". \throws LaunchFailure
  void create();
  /// The pid of the container's first process, as the host sees it.
  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  /// The steps since the last call.
  [[nodiscard]] std::vector<TraceStep> take_steps() { return trace_.take_steps(); }
  /// Serves until the container has ended and all its attached clients have their output.
  void run();

 private:
  enum class Status { created, running, exited };

  [[nodiscard]] ProcessPlan plan() const;
  void write_log(StdioStream stream, std::string_view bytes);

  // The socket
  void serve(const HttpRequest& request, ShimReply& reply);
  HttpResponse route(const HttpRequest& request);
  [[nodiscard]] HttpResponse describe() const;
  HttpResponse start_container();
  void set_let_run(bool let_run);
  HttpResponse withdraw();
  HttpResponse signal_container(const HttpRequest& request);
  HttpResponse resize(const HttpRequest& request);
  void attach(const HttpRequest& request, ShimReply& reply);
  void rest();

  // The end
  void container_ended();
  void finish_log();
  void record_observations();
  void record_exit();

  TaskFolder folder_;
  TaskSettings settings_;
  UniqueFd lock_;
  Trace trace_;
  EventLoop loop_;
  ShimDoor door_;
  JsonLogWriter log_;
  ShimProcess process_;
  ShimExecs execs_;
  Status status_ = Status::created;
  bool let_run_ = false;                  ///< it was executed: its end will be recorded
  bool withdrawn_ = false;                ///< it never will be
  int asked_signal_ = 0;                  ///< the last one that was sent on request
  std::optional<ExitRecord> unrecorded_;  ///< the end of the container, until it is in the ledger
  bool rested_ = false;                   ///< nothing has happened since rest()
};

}  // namespace slipway
