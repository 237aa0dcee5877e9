#pragma once
/// \file
/// The execs that an engine knows: what was asked for, and what became of it. An exec is a small file beside its task as
/// well, so that an engine that was killed knows them again; they go when the task goes.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "01-cli-socket/trace.hpp"
#include "02-daemon/task/task_files.hpp"

namespace slipway {

enum class ExecState { created, starting, running, ended };

/// One exec.
struct Exec {
  std::string id;
  std::string container_id;
  nlohmann::json request;  ///< the body of POST /containers/ID/exec
  ExecState state = ExecState::created;
  pid_t pid = 0;
  std::optional<int> exit_code;
  std::vector<TraceStep> steps{};  ///< how it was started, if whoever did so asked; until told
};

/// Thread-safe; hands out copies.
class ExecTable {
 public:
  explicit ExecTable(std::string exec_root) : exec_root_(std::move(exec_root)) {}

  /// Reads the files of one task: what an engine before us had created.
  /// \returns those that were started; the caller finds out what became of them
  std::vector<Exec> load(const std::string& container_id);
  /// Makes one. \throws SysError
  Exec add(const std::string& container_id, nlohmann::json request);
  /// \throws ApiError 404 `No such exec instance: X`
  [[nodiscard]] Exec find(const std::string& id) const;
  /// Takes the right to start it; once. \throws ApiError 404, 409
  Exec begin_start(const std::string& id);
  void running(const std::string& id);
  void keep_steps(const std::string& id, std::vector<TraceStep> steps);
  /// Each is told once.
  [[nodiscard]] std::vector<TraceStep> take_steps(const std::string& id);
  /// \returns false if it had ended already
  bool ended(const std::string& id, const ExecExit& exit);
  /// Ids of those that have not ended.
  [[nodiscard]] std::vector<std::string> of_container(const std::string& container_id) const;
  /// Forgets those of a container that is gone.
  void forget_container(const std::string& container_id);

 private:
  void save(const Exec& exec) const;
  [[nodiscard]] std::string file_of(const Exec& exec) const;
  void forget_old();

  std::string exec_root_;
  mutable std::mutex mutex_;
  std::map<std::string, Exec> execs_;
  std::vector<std::string> ended_;  ///< ids, oldest first
};

}  // namespace slipway
