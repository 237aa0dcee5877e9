#pragma once
/// \file
/// The exit ledger as the supervisor keeps it: one file per container, which says how its latest run began and ended. Shims
/// write the ends of their own runs into it (task/task_files.hpp); what is here is for the ends that no shim could write.

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "02-daemon/task/task_files.hpp"

namespace slipway {

/// The reason that the ledger has for a run whose shim was killed: its container was killed with it (02-I3).
inline constexpr char kShimKilled[] = "the container's shim was killed";

/// Thread-safe: no entry is written from what another thread, or a shim, has made untrue meanwhile. All of it throws SysError
/// if the disk refuses.
class ExitLedger {
 public:
  /// \param folder  DATA_ROOT/exits; made if it is not there
  explicit ExitLedger(std::string folder);

  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }
  [[nodiscard]] std::string file(const std::string& id) const {
    return folder_ + "/" + id + ".json";
  }

  /// All entries that can be read.
  [[nodiscard]] std::vector<ExitRecord> entries() const;
  /// Nothing, and a line in our log, if it cannot be read.
  [[nodiscard]] std::optional<ExitRecord> entry(const std::string& id) const;

  /// A run begins. Its entry keeps the one before, in case that this one is taken back.
  void begin(const TaskSettings& settings);
  /// Writes the end that a shim could not write, unless there is one or the entry is another run's. Only when the shim's lock
  /// is free: then nobody else will.
  /// \param run  its StartedAt; empty for whichever has no end
  void end(const std::string& id, const std::string& run, int exit_code, const std::string& reason);
  /// A run that was begun was none: the entry of the run before is there again. Nothing happens to one that has ended.
  void take_back(const std::string& id);
  /// Adds to what is known of the run before that a start failed, and why.
  void add_failed_start(const std::string& id, int exit_code, const std::string& message);
  void remove(const std::string& id);
  /// Removes what killed writers never got to rename. \param may_be_writing  true if the container's shim lives
  void sweep(const std::function<bool(const std::string& id)>& may_be_writing) const;

 private:
  std::string folder_;
  std::mutex mutex_;  ///< between reading an entry and replacing it
};

/// The container's id, if this is the name of an entry's file.
std::optional<std::string> id_of_entry(std::string_view file_name);

}  // namespace slipway
