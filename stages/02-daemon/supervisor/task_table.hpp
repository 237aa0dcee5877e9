#pragma once
/// \file
/// The supervisor's tasks: one per container that has been set up, each with its shim. The table is rebuilt from the disk
/// at start: shims go on without us.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "01-cli-socket/http_client.hpp"
#include "01-cli-socket/trace.hpp"
#include "02-daemon/base/feed.hpp"
#include "02-daemon/base/spawn.hpp"
#include "02-daemon/task/task_files.hpp"
#include "exit_ledger.hpp"
#include "sealed_program.hpp"
#include "turns.hpp"

namespace slipway {

/// A container that has been set up.
struct Task {
  std::string id;
  TaskFolder folder;
  TaskSettings settings;
  pid_t pid = 0;     ///< the container's first process
  UniqueFd process;  ///< its pidfd: to kill it if its shim dies
  pid_t shim_pid = 0;
  UniqueFd shim;                     ///< the shim's pidfd: readable when it has ended
  std::atomic<bool> started{false};  ///< it was let run: only then its end is worth a record
  bool child = false;                ///< the shim is our child: to be reaped
  std::string
      steps;  ///< of a container that keeps no story: what its shim told of the launch, as it came
};

/// What POST /tasks/ID asks for.
struct TaskRequest {
  std::string id;
  nlohmann::json spec;
  TaskSettings settings;  ///< `ledger` is filled in by the table
};

/// What PUT /exits/ID says.
struct FailedStart {
  std::string id;
  std::string run;  ///< the StartedAt that it would have had
  int exit_code = 0;
  std::string message;
};

inline constexpr int kShimPatienceMs = 2000;

/// Thread-safe.
class TaskTable {
 public:
  /// \param tasks_folder  EXEC_ROOT/tasks  \param ledger  DATA_ROOT/exits
  TaskTable(std::string tasks_folder, std::string ledger);
  ~TaskTable();
  TaskTable(const TaskTable&) = delete;
  TaskTable& operator=(const TaskTable&) = delete;

  /// Takes over the shims that live, completes the ledger for those that died unseen, and starts watching.
  void recover();

  /// Writes the bundle, starts a shim, waits until its container is created. A task of an earlier run is cleared away
  /// first. Leaves nothing behind if it fails.
  /// \param wanted  asked at the end: no if whoever asked for it is gone, and nobody will start it
  /// \throws ApiError 400 (the command cannot be run), 409 (not wanted any more), 500 with the failed step
  nlohmann::json create(const TaskRequest& request, Trace& trace,
                        const std::function<bool()>& wanted);
  /// Lets the created container run. \param run  the StartedAt that it was set up with
  /// \throws ApiError; the task is gone then. 409 if it is another run's
  void start(const std::string& id, const std::string& run, Trace& trace);
  /// 	hrows ApiError 404, 409 (not running, or another run's)
  void kill(const std::string& id, const std::string& run, int signal, Trace& trace);
  /// Takes a run back, if it was not let run; the question and the act are one: after it, it never will be. No such run is no
  /// error. \throws ApiError 409 if it was let run (its end is in the ledger, or will be), 503 if its shim does not answer
  void withdraw(const std::string& id, const std::string& run);
  /// A start came to nothing: takes the task back and records why, without what is known of the run before being lost.
  /// \throws SysError, ApiError 409 if it was let run after all
  void record_failed_start(const FailedStart& failed);
  /// Ends the task if it lives, and forgets it: folder and ledger entry. Nothing there is no error, and a shim that hangs is
  /// no obstacle.
  void remove(const std::string& id, Trace& trace);

  /// What is known of one task, or of all. \throws ApiError 404
  [[nodiscard]] nlohmann::json describe(const std::string& id);
  [[nodiscard]] nlohmann::json describe_all() const;
  /// All ledger entries.
  [[nodiscard]] std::vector<ExitRecord> exits() const { return ledger_.entries(); }

  [[nodiscard]] const Feed<ExitRecord>& feed() const noexcept { return feed_; }
  [[nodiscard]] bool empty() const;

 private:
  using TaskPtr = std::shared_ptr<Task>;

  [[nodiscard]] TaskFolder folder_of(const std::string& id) const;
  [[nodiscard]] TaskPtr find(const std::string& id) const;
  void write_bundle(const Task& task, const nlohmann::json& spec) const;
  const SealedProgram& sealed_shim(const std::string& program);
  nlohmann::json start_shim(Task& task, Trace& trace);
  void discard(Task& task);

  // What was found, and what cannot be known: task_recovery.cpp
  [[nodiscard]] std::vector<std::string> folders() const;
  [[nodiscard]] bool shim_lives(const std::string& id) const;
  void settle_or_later(const std::string& id, int patience_ms);
  void settle_late();
  void settle(const std::string& id, int patience_ms);
  bool adopt(const std::string& id, int patience_ms);
  [[nodiscard]] bool is_begun(const Task& task) const;
  TaskPtr find_or_adopt(const std::string& id);
  bool withhold(const std::string& id);
  bool withhold_run(const ExitRecord& record);
  void take_back(const std::string& id);
  void clear_away(const std::string& id);
  void end_by_force(const std::string& id);
  void end_task(Task& task) const;
  bool wait_for_record(const Task& task) const;

  // Watching: task_watch.cpp
  static void reap(const Task& task);
  void watch();
  void handle(int fd);
  void take_ledger_news();
  void announce(const std::string& file);
  void folder_deleted(const char* name) const;
  void shim_ended(const TaskPtr& task);
  void watch_task(const TaskPtr& task);

  std::string tasks_folder_;
  ExitLedger ledger_;
  mutable std::mutex mutex_;
  std::map<std::string, TaskPtr> tasks_;  ///< those whose shims live
  Turns turns_;
  std::set<std::string> unsettled_;  ///< the watcher's: what it looks at again, each second
  std::map<int, TaskPtr>
      watched_;  ///< by the shim's pidfd, until it has ended; may outlive its place in `tasks_`
  Feed<ExitRecord> feed_;
  std::optional<SealedProgram> sealed_shim_;  ///< what all our shims run; made with the first
  UniqueFd epoll_;
  int parent_watch_ = -1;  ///< the inotify watch of the folder that the ledger is in
  UniqueFd inotify_;
  UniqueFd wake_;
  std::thread watcher_;
};

}  // namespace slipway
