#pragma once
/// \file
/// The engine: containers from create to remove. It decides and records; the supervisor and the shims act.

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "container_store.hpp"
#include "containers.hpp"
#include "engine_module.hpp"
#include "event_log.hpp"
#include "supervisor_client.hpp"
#include "workers.hpp"

namespace slipway {

/// When a wait ends.
enum class WaitCondition { not_running, next_exit, removed };

/// What create answers.
struct CreatedContainer {
  std::string id;
  std::vector<std::string> warnings;
};

/// Thread-safe. References to containers are ids, names or id prefixes; an unknown one throws ApiError 404.
class Engine {
 public:
  /// Reads all records, reaches or starts the supervisor, and learns what ran on or ended meanwhile.
  /// \throws SysError, std::runtime_error
  Engine(EnginePaths paths, EngineModules modules);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// The record is durable when this returns. \throws ApiError 400, 404, 409
  CreatedContainer create(CreateRequest request);
  /// \throws ApiError 304 (runs already), 400 (the command cannot be run), 409
  void start(const std::string& reference, Trace& trace);
  /// \throws ApiError 409 (not running)
  void kill(const std::string& reference, int signal);
  /// Asks it to end with its stop signal, then kills it. \param seconds  -1: wait for ever
  /// \param keep_waiting  asked about once a second; if it says no, the container is left as it is
  /// \throws ApiError 304 (does not run), 503 (`keep_waiting` said no)
  void stop(const std::string& reference, std::optional<long> seconds, std::optional<int> signal,
            const std::function<bool()>& keep_waiting);
  /// \throws ApiError 409 (it runs and `force` is false; it is being removed already)
  void remove(const std::string& reference, bool force, const std::function<bool()>& keep_waiting);

  /// How often it has ended so far: what a wait for the next end counts from. Read it before the client is told that its
  /// wait has begun.
  [[nodiscard]] static std::uint64_t exits_of(const Container& container);
  /// Waits until the condition holds. Nothing if `keep_waiting` said no (it is asked about once a second).
  /// \returns the state at that moment
  [[nodiscard]] std::optional<ContainerState> wait(const Container& container,
                                                   WaitCondition condition, std::uint64_t exits,
                                                   const std::function<bool()>& keep_waiting) const;

  /// Connects a client to the container's streams: at once if it runs, else when it is started. To be called before the
  /// client is told that it is attached, so that it misses nothing. \param query  the shim's: "stdin=1&stdout=1&stderr=1"
  [[nodiscard]] std::shared_ptr<PendingAttach> begin_attach(Container& container,
                                                            const std::string& query);
  /// Waits for the stream. Nothing if the start failed or `keep_waiting` said no.
  [[nodiscard]] std::optional<RawStream> attach(Container& container,
                                                const std::shared_ptr<PendingAttach>& pending,
                                                const std::function<bool()>& keep_waiting);

  [[nodiscard]] const ContainerTable& containers() const noexcept { return containers_; }
  [[nodiscard]] EventLog& events() noexcept { return events_; }
  [[nodiscard]] const EngineModules& modules() const noexcept { return modules_; }
  [[nodiscard]] std::string log_path(const Container& container) const;

 private:
  void check_request(CreateRequest& request) const;

  // Starting
  void begin_start(Container& container, const std::string& started_at);
  nlohmann::json build_spec(const Container& container, Trace& trace);
  void launch(Container& container, const std::string& started_at, Trace& trace);
  void let_clients_in(Container& container, pid_t pid);
  void start_failed(Container& container, const std::string& message);
  [[nodiscard]] TaskSettings settings_of(const Container& container,
                                         const std::string& started_at) const;

  // Ending
  void release_modules(const Container& container) noexcept;
  void on_exit(const ExitRecord& record);
  void apply_exit(const ContainerPtr& container, const ExitRecord& record);
  bool claim_removal(Container& container, const std::string& reference, bool force);
  void finish_removal(const ContainerPtr& container);
  void remove_in_background(const ContainerPtr& container);
  void forget_task(const std::string& id) noexcept;

  // Recovery
  void load_records();
  void ignore_record(const std::string& id, const std::string& reason);
  void reconcile();
  void reconcile_container(const ContainerPtr& container, const ExitRecord& record, bool has_task);
  std::optional<pid_t> started_pid(const std::string& id);
  bool in_ledger(const std::string& id);
  void undo_start(Container& container);
  void monitor();

  EnginePaths paths_;
  EngineModules modules_;
  ContainerStore store_;
  ContainerTable containers_;
  EventLog events_;
  std::set<std::string> unreadable_;  ///< ids whose records we could not read; set at start
  SupervisorClient supervisor_;
  Workers workers_;
  std::thread monitor_;
};

/// True if it was asked to remove itself at its end (`--rm`).
bool is_auto_remove(const ContainerRecord& record);

}  // namespace slipway
