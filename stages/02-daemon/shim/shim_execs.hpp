#pragma once
/// \file
/// The processes that `exec` puts beside a container's first one. Their parent is the same shim, so no daemon is needed for
/// them to go on and for their exit code to be kept:
///
///     POST /execs/ID?stdin=1&stdout=1&stderr=1  {"Spec":{"process":…},"OpenStdin":true}
///                              with Upgrade: 101 and its streams; without: 201 {"Pid":…} and nobody is attached
///     POST /execs/ID/attach    101; with no stream asked for it only ends when the process does
///     POST /execs/ID/resize?h=24&w=80
///     GET  /execs/ID           {"Running":true,"Pid":…} or {"Running":false,"ExitCode":…}

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "02-daemon/task/task_files.hpp"
#include "shim_door.hpp"
#include "shim_process.hpp"

namespace slipway {

/// Makes the launch steps for one exec.
using ExecSteps = std::function<LaunchSteps()>;

/// Not thread-safe.
class ShimExecs {
 public:
  /// \param folder  the container's: an exec's spec differs from that one's in what its request brings
  ShimExecs(EventLoop& loop, const TaskFolder& folder, const std::string& container_id,
            ExecSteps steps);

  /// Serves a request for "/execs/…". \param container  the container's first process
  /// \throws ApiError 404, 409
  void serve(const HttpRequest& request, ShimReply& reply, const ShimProcess& container);
  /// The container has ended, and they end with it.
  void kill_all();
  /// Forgets what has ended and is with all clients. To be called outside of handlers.
  void clean_up();
  [[nodiscard]] bool empty() const noexcept { return sessions_.empty(); }

 private:
  struct Session {
    std::string id;
    Trace trace{"launch", "shim"};
    bool traced = false;  ///< whoever asked for it wants to hear its steps
    std::unique_ptr<ShimProcess> process{};
    std::optional<ShimReply> waiting{};  ///< whoever asked for it, until it runs
    bool attached = false;               ///< they want its streams
    AttachOptions options{};
    bool running = false;  ///< it was let run, and its end is not known yet
    bool over = false;

    [[nodiscard]] ExecExit exit() const {
      return {.code = process->exit_code(), .pid = process->pid()};
    }
  };
  void start(const std::string& id, const HttpRequest& request, ShimReply& reply,
             const ShimProcess& container);
  ProcessPlan plan_for(const HttpRequest& request, const ShimProcess& container) const;
  void launched(Session& session, const LaunchFailure* failure);
  void ended(Session& session);
  [[nodiscard]] nlohmann::json state(const std::string& id) const;
  Session& running(const std::string& id);

  EventLoop& loop_;
  const TaskFolder& folder_;
  const std::string& container_id_;
  ExecSteps steps_;
  std::map<std::string, std::unique_ptr<Session>> sessions_;
};

/// What a request asks to attach: stdin, stdout, stderr, framed, detachKeys.
AttachOptions attach_options(const HttpQuery& query);
/// h and w. \throws ApiError 400
TerminalSize terminal_size(const HttpQuery& query);
/// How an attached stream is written: application/vnd.docker.multiplexed-stream or …raw-stream.
std::string_view stream_type(const AttachOptions& options);

}  // namespace slipway
