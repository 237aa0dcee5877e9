#pragma once
/// \file
/// The shim: the parent of one container. It outlives every daemon and needs none. One thread, one epoll loop.
///
/// Its life: make the pipes and the socket; launch up to "created"; tell the supervisor; serve until the container's first
/// process has ended; write the rest of the log, then the exit record, durably, and only then tell anybody.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "01-cli-socket/http_server.hpp"
#include "01-cli-socket/router.hpp"
#include "attach_client.hpp"
#include "container_stdio.hpp"
#include "event_loop.hpp"
#include "json_log.hpp"
#include "launcher.hpp"
#include "stdin_feeder.hpp"
#include "task_files.hpp"

namespace slipway {

/// One container's parent. Not thread-safe.
class Shim {
 public:
  /// Reads the task's folder, takes its lock, listens on its socket.
  /// \throws SysError, ApiError (a damaged task.json or config.json), std::runtime_error (another shim has the lock)
  Shim(TaskFolder folder, LaunchSteps steps);

  /// Sets the container up to "created". \throws LaunchFailure
  void create();
  /// The pid of the container's first process, as the host sees it.
  [[nodiscard]] pid_t pid() const noexcept { return context_.pid; }
  /// The steps since the last call.
  [[nodiscard]] std::vector<TraceStep> take_steps() { return trace_.take_steps(); }
  /// Serves until the container has ended and all its attached clients have their output.
  void run();

 private:
  enum class Status { created, running, exited };
  struct Connection {
    UniqueFd fd;
    HttpRequestParser parser;
  };

  // Output
  void watch_output(UniqueFd& pipe, StdioStream stream);
  bool pump(UniqueFd& pipe, StdioStream stream);
  void drain_output();
  void write_log(StdioStream stream, std::string_view bytes);
  void drop_gone_clients();

  // The socket
  void accept_connection();
  void turn_away();
  void read_request(int fd);
  void answer(Connection connection, const HttpRequest& request);
  HttpResponse route(const HttpRequest& request);
  HttpResponse start_container(const HttpRequest& request);
  HttpResponse signal_container(const HttpRequest& request);
  void attach(Connection connection, const HttpRequest& request);

  // The end
  void container_ended();
  void finish_log();
  void record_exit();
  void finish_clients();

  TaskFolder folder_;
  TaskSettings settings_;
  nlohmann::json spec_;
  UniqueFd lock_;
  UniqueFd listener_;
  Trace trace_;
  LaunchSteps steps_;
  EventLoop loop_;
  StdioPipes pipes_;
  JsonLogWriter log_;
  LaunchContext context_;
  Launcher launcher_;
  StdinFeeder feeder_;
  std::map<int, Connection> connections_;
  std::vector<std::unique_ptr<AttachClient>> clients_;
  UniqueFd spare_;  ///< a descriptor to give up when there are none left
  Status status_ = Status::created;
  int exit_code_ = 0;
  std::optional<ExitRecord> unrecorded_;  ///< the end of the container, until it is in the ledger
};

}  // namespace slipway
