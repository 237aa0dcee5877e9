#pragma once
/// \file
/// What the supervisor and a shim leave each other on disk: the task's folder and the exit ledger.
///
///     EXEC_ROOT/tasks/ID/config.json   the OCI spec
///     EXEC_ROOT/tasks/ID/task.json     TaskSettings
///     EXEC_ROOT/tasks/ID/shim.sock     the shim's door
///     EXEC_ROOT/tasks/ID/shim.lock     locked by the shim for as long as it lives (F_OFD_SETLK, fcntl(2)); see was_let_run()
///     EXEC_ROOT/tasks/ID/execs/EXEC.exit    the exit code of a process that `exec` put into the container
///     DATA_ROOT/exits/ID.json          ExitRecord: written at the start, added to, completed at the end

#include <sys/types.h>

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "02-daemon/base/atomic_file.hpp"
#include "02-daemon/logs/log_files.hpp"

namespace slipway {

/// The descriptor on which a shim reports to the supervisor that started it, once: `{"Pid":…}` or `{"Error":…}`.
inline constexpr int kReportFd = 3;

/// The time of what has not happened, as Docker writes it.
inline constexpr char kNever[] = "0001-01-01T00:00:00Z";

/// A task's standard streams.
struct TaskStdio {
  bool terminal = false;
  bool open_stdin = false;  ///< false: stdin is /dev/null
  bool stdin_once =
      false;  ///< close the container's stdin when the first attached client ends its own
  std::string log_driver = "json-file";  ///< or "none"
  std::string log_path;
  std::int64_t log_max_size = -1;  ///< see LogTarget
  int log_max_files = 1;
  std::string log_attributes{};

  [[nodiscard]] LogTarget log_target() const {
    return {.path = log_driver == "none" ? std::string() : log_path,
            .max_size = log_max_size,
            .max_files = log_max_files,
            .attributes = log_attributes};
  }
};

/// task.json: all that a shim has to know besides the OCI spec.
struct TaskSettings {
  std::string id;
  std::string ledger;      ///< folder of exit records
  std::string started_at;  ///< RFC 3339; names this run of the container
  int restart_count = 0;   ///< how often its restart policy has started it, this run included
  bool durable =
      true;  ///< false: the container will be removed at its end, so its exit need not survive a power cut
  bool explain = false;  ///< somebody will read how each step is done by hand
  TaskStdio stdio;

  [[nodiscard]] Durability durability() const {
    return durable ? Durability::durable : Durability::volatile_;
  }
};

/// Paths inside a task's folder.
struct TaskFolder {
  std::string path;
  [[nodiscard]] std::string spec() const { return path + "/config.json"; }
  [[nodiscard]] std::string settings() const { return path + "/task.json"; }
  [[nodiscard]] std::string socket() const { return path + "/shim.sock"; }
  [[nodiscard]] std::string lock() const { return path + "/shim.lock"; }
  [[nodiscard]] std::string execs() const { return path + "/execs"; }
};

/// One of a task's JSON files. \throws SysError (also if there is none), ApiError 400 if it is damaged
nlohmann::json read_task_file(const std::string& path);

/// True if the shim has noted in its lock that it lets the process run: from then on the run has an end.
bool was_let_run(const TaskFolder& folder);
/// What the shim writes into its lock when it has it, and before it lets its process run.
std::string text_of_lock(pid_t shim, bool let_run);
/// The pid that is noted in the lock: its holder's, while it is held. 0 if there is none.
pid_t shim_pid_in(const TaskFolder& folder);

/// The folder of one task: the one place that knows where it is.
TaskFolder task_folder(const std::string& exec_root, const std::string& id);

/// The ledger's entry of a container's latest run.
struct ExitRecord {
  std::string id{};
  std::string started_at{};
  std::string finished_at{};  ///< empty while it runs
  int restart_count = 0;      ///< of this run, see TaskSettings
  int exit_code = 0;          ///< 0…255; 128 + n for signal n
  int signal = 0;             ///< the one that ended it; 0: it exited, or nobody saw its end
  int asked_signal = 0;       ///< the last one that a client had us send to it; 0: none
  int oom_kills =
      0;  ///< how many of its processes were killed because memory ran out, see Observations
  std::string reason{};  ///< what befell it, for a person
  std::string
      error{};  ///< why it ended, if that was not its own doing; why it could not be started
  std::string
      previous{};  ///< while it runs: the JSON of the run before, in case that this one is taken back

  [[nodiscard]] bool finished() const { return !finished_at.empty(); }
  [[nodiscard]] bool oom_killed() const { return oom_kills > 0; }
};

/// The entry that a run begins with.
ExitRecord begun_record(const TaskSettings& settings);

nlohmann::json to_json(const TaskSettings& settings);
/// \throws ApiError 400 that names the field
TaskSettings task_settings_from_json(const nlohmann::json& document);

nlohmann::json to_json(const ExitRecord& record);
/// \throws ApiError 400 that names the field
ExitRecord exit_record_from_json(const nlohmann::json& document);

/// Writes the record into the ledger: the rename is both the record and its announcement (the supervisor watches the
/// folder). \throws SysError
void write_exit_record(const std::string& ledger, const ExitRecord& record, Durability durability);
/// Nothing if there is none. \throws ApiError if the file is damaged
std::optional<ExitRecord> read_exit_record(const std::string& ledger, const std::string& id);

/// How a process of `exec` ended.
struct ExecExit {
  int code = 0;   ///< 0…255; 128 + n for signal n
  pid_t pid = 0;  ///< what it was known by
};

/// True for 64 hex digits: an exec's id becomes a file name.
bool is_exec_id(const std::string& id);
/// Volatile: it is lost with the task. \throws SysError
void write_exec_exit(const TaskFolder& folder, const std::string& exec_id, const ExecExit& exit);
/// Nothing if it has not ended, or there is none. \throws SysError
std::optional<ExecExit> read_exec_exit(const TaskFolder& folder, const std::string& exec_id);

/// Docker's exit code for a start that failed with this message: 127 (not found), 126 (not permitted) or 128.
int exit_code_of_failed_start(const std::string& message);

}  // namespace slipway
