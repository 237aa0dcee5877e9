#pragma once
/// \file
/// The containers that an engine knows: one object each, found by id, name or id prefix.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "01-cli-socket/raw_stream.hpp"
#include "02-daemon/task/task_files.hpp"
#include "container_states.hpp"
#include "engine_module.hpp"

namespace slipway {

/// What is true of a container's process now. Volatile: rebuilt at engine start from the supervisor's answers and the
/// exit ledger.
struct ContainerState {
  Status status = Status::created;
  pid_t pid = 0;
  int exit_code = 0;
  int oom_kills = 0;                ///< of the latest run, see ExitRecord
  std::string reason;               ///< what befell the latest run, for a person
  std::string error;                ///< why the last start failed
  std::string started_at = kNever;  ///< RFC 3339 with nanoseconds; names the latest run
  std::string finished_at = kNever;
  int restart_count = 0;               ///< how often its policy has started it since somebody did
  std::chrono::milliseconds pause{0};  ///< before the policy's next start
  bool stopped = false;                ///< somebody sent this run a signal, `stop` or `kill`
  bool kept_down = false;  ///< and one that is to end it: its policy does not start it again
  bool kept = false;       ///< a `restart` is under way: its end is not its removal
  bool known = false;      ///< what the ledger says of earlier runs has been taken in
  bool out_of_sight =
      false;              ///< its shim lives and does not answer: nobody can say whether it runs
  bool ending = false;    ///< its end is being dealt with: a start or a removal waits for that
  bool updating = false;  ///< its HostConfig is being replaced: a start or a removal waits for that
  bool starting = false;  ///< a start is under way: everything else waits for it
  std::uint64_t exits = 0;  ///< how often it has ended in this engine's life: what `wait` counts by
  bool removed = false;     ///< gone for good
};

/// A client that attached before the container ran: the start connects it to the shim.
struct PendingAttach {
  std::string query;                ///< of the shim's /attach
  std::optional<RawStream> stream;  ///< set by the start
  bool failed = false;              ///< the start failed: there will be no stream
};

/// One container. `record` is immutable but for its name; `state` only under `mutex`; `changed` tells of every change.
struct Container {
  ContainerRecord record;
  std::string
      broken;  ///< why its record cannot be read; set before anybody sees it. It can only be removed
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  ContainerState state;
  std::vector<std::shared_ptr<PendingAttach>> pending_attaches;
  std::vector<TraceStep>
      exit_steps;  ///< what the boxes did at the last exit, for `wait` with a trace
};

using ContainerPtr = std::shared_ptr<Container>;

/// The table. Thread-safe.
class ContainerTable {
 public:
  /// By full id, exact name (with or without '/'), or unique id prefix.
  /// \throws ApiError 404 `No such container: X`, 400 `multiple IDs found with provided prefix: X`
  [[nodiscard]] ContainerPtr find(const std::string& reference) const;
  /// The same; nothing if there is none.
  [[nodiscard]] ContainerPtr maybe_find(const std::string& reference) const;
  /// All, newest first.
  [[nodiscard]] std::vector<ContainerPtr> all() const;

  /// Takes `name` for `id`. \throws ApiError 409 in docker's words if another container has it
  void reserve_name(const std::string& name, const std::string& id);
  void release_name(const std::string& name);
  /// The container's name becomes `name`, which is reserved; the old one is free.
  void rename(Container& container, const std::string& name);
  void insert(ContainerPtr container);
  void erase(const Container& container);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, ContainerPtr> by_id_;
  std::map<std::string, std::string> id_by_name_;
};

}  // namespace slipway
