#pragma once
/// \file
/// The supervisor's tasks: one per container that has been set up, each with its shim. The table is rebuilt from the disk
/// at start: shims go on without us.

#include <atomic>
#include <condition_variable>
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
#include "sealed_program.hpp"

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
};

/// What POST /tasks/ID asks for.
struct TaskRequest {
  std::string id;
  nlohmann::json spec;
  TaskSettings settings;  ///< `ledger` is filled in by the table
};

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
  /// Lets the created container run. \throws ApiError; the task is gone then
  void start(const std::string& id, Trace& trace);
  /// \throws ApiError 404, 409 (not running)
  void kill(const std::string& id, int signal);
  /// Forgets a task that was set up and never started; the question and the act are one.
  /// \throws ApiError 409 if it was started, 404 if there is none (its end is in the ledger, or about to be)
  void remove_unstarted(const std::string& id);
  /// A start came to nothing: takes the task back and records why, without a trace of the run before being lost.
  /// \throws SysError
  void record_failed_start(const std::string& id, int exit_code, const std::string& message);
  /// Ends the task if it lives, and forgets it: folder and ledger entry. Nothing there is no error.
  void remove(const std::string& id);

  /// What is known of one task, or of all. \throws ApiError 404
  [[nodiscard]] nlohmann::json describe(const std::string& id);
  [[nodiscard]] nlohmann::json describe_all() const;
  /// All ledger entries.
  [[nodiscard]] std::vector<ExitRecord> exits() const;

  [[nodiscard]] const Feed<ExitRecord>& feed() const noexcept { return feed_; }
  [[nodiscard]] bool empty() const;

 private:
  using TaskPtr = std::shared_ptr<Task>;
  class Turn;

  TaskPtr find(const std::string& id) const;
  TaskPtr find_or_adopt(const std::string& id);
  void write_bundle(const Task& task, const nlohmann::json& spec) const;
  const SealedProgram& sealed_shim(const std::string& program);
  nlohmann::json start_shim(Task& task, Trace& trace);
  [[nodiscard]] bool shim_lives(const std::string& id) const;
  bool wait_for_record(const Task& task) const;
  void adopt(const std::string& id);
  void sweep_ledger() const;
  void complete_ledger();
  void discard(Task& task);
  void forget(const std::string& id);
  void take_back(const std::string& id);
  void restore_previous(const std::string& id) const;
  [[nodiscard]] std::string previous_run(const std::string& id) const;
  void clear_away(const std::string& id);
  void end_task(Task& task) const;

  // Watching: task_watch.cpp
  static void reap(const Task& task);
  void watch();
  void take_ledger_news();
  void announce(const std::string& file);
  std::optional<ExitRecord> read_entry(const std::string& file) const;
  void shim_ended(const TaskPtr& task);
  void watch_task(const TaskPtr& task);

  std::string tasks_folder_;
  std::string ledger_;
  mutable std::mutex mutex_;
  std::map<std::string, TaskPtr> tasks_;  ///< those whose shims live
  std::set<std::string> busy_;            ///< ids that a request works on; see Turn
  std::condition_variable turn_ended_;
  std::map<int, TaskPtr>
      watched_;  ///< by the shim's pidfd, until it has ended; may outlive its place in `tasks_`
  Feed<ExitRecord> feed_;
  std::optional<SealedProgram> sealed_shim_;  ///< what all our shims run; made with the first
  UniqueFd epoll_;
  UniqueFd inotify_;
  UniqueFd wake_;
  std::thread watcher_;
};

}  // namespace slipway
