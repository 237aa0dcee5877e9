#pragma once
/// \file
/// The engine's side of the conversation with a shim. The supervisor starts shims; what flows through a container's streams
/// goes directly, so that a dead supervisor interrupts nobody's session.

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "01-cli-socket/raw_stream.hpp"
#include "01-cli-socket/trace.hpp"
#include "02-daemon/base/terminal.hpp"
#include "task_files.hpp"

namespace slipway {

/// The shim of one container. Thread-safe: each call has a connection of its own.
/// All calls throw SysError if there is no shim, ApiError with its status and message.
class ShimClient {
 public:
  ShimClient(const std::string& exec_root, const std::string& container_id)
      : folder_(task_folder(exec_root, container_id)) {}

  /// What GET /state says: Status ("created", "running", "exited"), Pid, …
  [[nodiscard]] nlohmann::json state() const;
  /// \param query  "stdin=1&stdout=1&stderr=1"
  [[nodiscard]] RawStream attach(const std::string& query) const;
  void resize(TerminalSize size) const;

  /// Starts a process in the container, with its streams. \param body  see shim_execs.hpp
  [[nodiscard]] RawStream start_exec(const std::string& exec_id, const std::string& query,
                                     const nlohmann::json& body, Trace& trace) const;
  /// The same with nobody attached.
  void start_exec(const std::string& exec_id, const nlohmann::json& body, Trace& trace) const;
  /// A stream that ends when that process does. \throws ApiError 404 if it does not run
  [[nodiscard]] RawStream watch_exec(const std::string& exec_id) const;
  [[nodiscard]] nlohmann::json exec_state(const std::string& exec_id) const;
  void resize_exec(const std::string& exec_id, TerminalSize size) const;

  [[nodiscard]] const TaskFolder& folder() const noexcept { return folder_; }

 private:
  nlohmann::json ask(const std::string& method, const std::string& target,
                     const std::string& body = {}, Trace* trace = nullptr) const;
  [[nodiscard]] Trace::Scope begin_exec(const std::string& exec_id, Trace& trace) const;
  TaskFolder folder_;
};

}  // namespace slipway
