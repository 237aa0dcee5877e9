#pragma once
/// \file
/// The engine: containers from create to remove. It decides and records; the supervisor and the shims act.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "02-daemon/base/timer.hpp"
#include "02-daemon/base/workers.hpp"
#include "container_store.hpp"
#include "containers.hpp"
#include "engine_module.hpp"
#include "event_log.hpp"
#include "start_story.hpp"
#include "supervisor_client.hpp"

namespace slipway {

/// When a wait ends.
enum class WaitCondition { not_running, next_exit, removed };

/// How to remove.
struct RemoveOptions {
  bool force = false;    ///< kill it if it runs
  bool volumes = false;  ///< its anonymous volumes, too
};

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
  CreatedContainer create(CreateRequest request, Trace& trace);
  /// \throws ApiError 304 (runs already), 400 (the command cannot be run), 409
  void start(const std::string& reference, Trace& trace);
  /// Sends a signal; SIGKILL: also waits for the end. \throws ApiError 409 (not running)
  void kill(const std::string& reference, int signal, Trace& trace,
            const std::function<bool()>& keep_waiting);
  /// Asks it to end with its stop signal, then kills it. \param seconds  -1: wait for ever
  /// \param keep_waiting  asked about once a second; if it says no, the container is left as it is
  /// \throws ApiError 304 (does not run), 503 (`keep_waiting` said no)
  void stop(const std::string& reference, std::optional<long> seconds, std::optional<int> signal,
            Trace& trace, const std::function<bool()>& keep_waiting);
  /// Stops it if it runs, and starts it. One that is to remove itself at its end is not removed between the two.
  /// \throws as stop and start do
  void restart(const std::string& reference, std::optional<long> seconds, std::optional<int> signal,
               Trace& trace, const std::function<bool()>& keep_waiting);
  /// Durable when this returns. \throws ApiError 400 (no name; the same name), 409 (taken)
  void rename(const std::string& reference, std::string name, Trace& trace);
  /// Changes its HostConfig, and what runs with it: all or nothing, durable when this returns.
  /// \param changes  the body of POST /containers/ID/update: resources and RestartPolicy; what is absent or zero stays
  /// \returns warnings \throws ApiError 400, 404, 409
  std::vector<std::string> update(const std::string& reference, const nlohmann::json& changes);
  /// \throws ApiError 409 (it runs and `force` is false; it is being removed already)
  void remove(const std::string& reference, const RemoveOptions& options, Trace& trace,
              const std::function<bool()>& keep_waiting);

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
  /// Held by the one prune that may run.
  [[nodiscard]] std::mutex& prune_turn() noexcept { return prune_turn_; }
  [[nodiscard]] std::string log_path(const Container& container) const;
  /// The processes of a container that runs; nothing if no module knows more than its first one.
  [[nodiscard]] std::vector<pid_t> processes(const Container& container) const;

  /// What there is to read of its latest start: a file, or for a container that keeps none, and runs, what its supervisor
  /// remembers. Nothing if neither.
  [[nodiscard]] std::optional<StartStory> start_story(const Container& container);
  /// The ledger's entry of its latest run. Nothing if it never ran, or its entry cannot be read.
  [[nodiscard]] std::optional<ExitRecord> latest_run(const Container& container) const;

 private:
  void check_request(CreateRequest& request) const;

  // Starting: engine_start.cpp
  void begin_start(Container& container, const std::string& reference);
  void run(const ContainerPtr& container, Trace& trace);
  void keep_story(const Container& container, const std::string& began_at,
                  const std::exception* error, const Trace& trace) const;
  nlohmann::json build_spec(const Container& container, Trace& trace);
  void launch(Container& container, const std::string& started_at, Trace& trace);
  void let_clients_in(Container& container, pid_t pid, const std::string& started_at);
  void let_run(const std::string& id, const std::string& started_at, Trace& trace);
  enum class TakenBack { yes, no_it_runs, not_known };
  TakenBack take_start_back(const ContainerRecord& record, const std::string& run,
                            const std::string& message, Trace& trace);
  bool start_again(const ContainerPtr& container, const std::exception& error);
  void start_failed(Container& container, const std::string& message);
  [[nodiscard]] TaskSettings settings_of(const Container& container,
                                         const std::string& started_at) const;
  void restart_now(const ContainerPtr& container, std::uint64_t exits);
  void restart_in_background(const ContainerPtr& container);

  // Changing what it may use: engine_update.cpp
  nlohmann::json updated_host_config(const Container& container, const nlohmann::json& changes,
                                     std::vector<std::string>& warnings) const;
  void put_into_effect(Container& container, const nlohmann::json& host_config, bool runs);

  // Stopping: engine_stop.cpp
  void call_off_restart(Container& container, Trace& trace);
  std::uint64_t send_signal_by_hand(Container& container, std::unique_lock<std::mutex>& lock,
                                    int signal, Trace& trace);
  void note_stop(const std::string& id, const StopNote& note, Trace& trace) noexcept;
  void wake(Container& container) noexcept;
  [[nodiscard]] bool has_ended_after(const Container& container, std::uint64_t exits,
                                     std::optional<long> seconds,
                                     const std::function<bool()>& keep_waiting) const;
  void end_by_hand(Container& container, std::unique_lock<std::mutex>& lock,
                   std::optional<long> seconds, std::optional<int> signal, Trace& trace,
                   const std::function<bool()>& keep_waiting);

  // Ends and removals: engine_end.cpp
  void on_exit(const ExitRecord& record);
  void take_news(Container& container, const ExitRecord& record);
  static bool claim_end(Container& container, const ExitRecord& record);
  void apply_exit(const ContainerPtr& container, const ExitRecord& record);
  static void take_record(ContainerState& state, const ExitRecord& record);
  static Status after_end(Container& container, const ExitRecord& record);
  void release_modules(const Container& container) noexcept;
  void end_by_force(Container& container, std::unique_lock<std::mutex>& lock, Trace& trace,
                    const std::function<bool()>& keep_waiting);
  bool claim_removal(Container& container, const std::string& reference, bool force, Trace& trace,
                     const std::function<bool()>& keep_waiting);
  void finish_removal(const ContainerPtr& container, bool volumes, Trace& trace);
  void clear_away(const ContainerRecord& record, bool volumes, Trace& trace);
  void finish_earlier(const PendingRemoval& removal);
  void remove_in_background(const ContainerPtr& container);
  void forget_task(const std::string& id, Trace& trace) noexcept;

  // Recovery: engine_recovery.cpp
  void load_records();
  void list_broken(const std::string& id, const std::string& wanted_name,
                   const std::string& reason);
  void reconcile();
  void reconcile_container(const ContainerPtr& container, const ExitRecord* record,
                           const nlohmann::json* task);
  void learn(const ContainerPtr& container, const ExitRecord* record, const nlohmann::json* task);
  void lose_sight(const ContainerPtr& container, const std::string& reason);
  void look_again(const ContainerPtr& container);
  void hear_of_end(const std::string& id) noexcept;
  [[nodiscard]] bool was_stopped(const Container& container, const std::string& run) const;
  void learn_of_run(const ContainerPtr& container, const ExitRecord& record,
                    const nlohmann::json* task);
  void take_over(const ContainerPtr& container, const ExitRecord& record, pid_t pid);
  void take_ended(const ContainerPtr& container, const ExitRecord& record);
  std::optional<pid_t> started_pid(const ExitRecord& record);
  std::optional<ExitRecord> ledger_entry(const std::string& id);
  void monitor();

  EnginePaths paths_;
  EngineModules modules_;
  ContainerStore store_;
  ContainerTable containers_;
  EventLog events_;
  SupervisorClient supervisor_;
  std::atomic<bool> stopping_{false};
  std::mutex prune_turn_;
  std::vector<PendingRemoval> unfinished_removals_;  ///< of an engine that died; only at start
  Workers workers_;
  Timer timer_;  ///< of pauses before restarts; gives work to the workers
  std::thread monitor_;
};

/// True if it was asked to remove itself at its end (`--rm`).
bool is_auto_remove(const ContainerRecord& record);
/// `--rm` containers do not outlive a reboot, so their records need not survive a power cut.
Durability durability_of(const ContainerRecord& record);
/// A start, an end and an update each take several steps; what begins another waits for the last.
void wait_until_settled(const Container& container, std::unique_lock<std::mutex>& lock);

}  // namespace slipway
