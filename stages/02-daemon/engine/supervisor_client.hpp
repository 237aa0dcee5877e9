#pragma once
/// \file
/// The engine's side of the conversation with the supervisor. If nobody answers at its socket, the supervisor is
/// started: it may be killed at any moment, and takes its shims over again.

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "01-cli-socket/http_client.hpp"
#include "01-cli-socket/trace.hpp"
#include "02-daemon/base/spawn.hpp"
#include "02-daemon/task/task_files.hpp"
#include "engine_module.hpp"

namespace slipway {

/// Thread-safe. All calls throw ApiError with the supervisor's status and message, SysError if it cannot be started.
class SupervisorClient {
 public:
  explicit SupervisorClient(const EnginePaths& paths);

  /// \returns the pid of the task that was set up
  pid_t create(const std::string& id, const nlohmann::json& spec, const TaskSettings& settings,
               Trace& trace);
  /// \param run  the StartedAt of its settings, here and below
  void start(const std::string& id, const std::string& run, Trace& trace);
  void kill(const std::string& id, const std::string& run, int signal, Trace& trace);
  void remove(const std::string& id, Trace& trace);
  /// A start came to nothing: what is left of it goes, and why is in the ledger when this returns.
  /// \throws ApiError 409 if it was let run after all
  void start_failed(const std::string& id, const std::string& run, int exit_code,
                    const std::string& message);
  /// Takes a start back, if that is still possible. \returns false if it was let run
  bool withdraw(const std::string& id, const std::string& run);
  [[nodiscard]] nlohmann::json tasks();
  [[nodiscard]] nlohmann::json task(const std::string& id);
  [[nodiscard]] std::vector<ExitRecord> exits();

  /// Calls `connected` once no exit can be missed any more, then `on_exit` for each, until the connection breaks or
  /// `stop_listening` is called. What the two throw ends it, too.
  void listen(const std::function<void()>& connected,
              const std::function<void(const ExitRecord&)>& on_exit);
  /// Makes `listen` return, now and in future.
  void stop_listening() noexcept;
  [[nodiscard]] bool stopped() const noexcept { return stopped_; }

  /// Ends the supervisor if it has no tasks.
  void dismiss_if_idle() noexcept;

 private:
  HttpResponse ask(std::string_view method, const std::string& target, std::string_view body,
                   Trace* trace);
  void insist(std::string_view method, const std::string& target, Trace* trace = nullptr,
              std::string_view body = {});
  HttpResponse ask_once(std::string_view method, const std::string& target, std::string_view body,
                        Trace* trace);
  class Listening;
  void ensure_running();
  [[nodiscard]] bool answers() const noexcept;
  bool reap_dead() noexcept;

  std::string socket_;
  std::string tasks_folder_;
  std::string ledger_;
  std::string log_;
  std::mutex starting_;
  SpawnedProcess process_;
  std::mutex listening_;
  int listening_fd_ = -1;
  std::atomic<bool> stopped_{false};
};

}  // namespace slipway
