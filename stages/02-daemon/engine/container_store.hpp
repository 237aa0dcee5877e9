#pragma once
/// \file
/// Container records on disk. A container exists if and only if its folder holds a record:
///
///     DATA_ROOT/containers/ID/record.json            the record
///     DATA_ROOT/containers/ID/record-until-boot.json the same of a `--rm` container: not synced, void after a power cut
///     DATA_ROOT/containers/ID/stopped                the run that somebody stopped
///     DATA_ROOT/containers/ID/removing.json          the record of a container that exists no more, while its things go
///     DATA_ROOT/containers/ID/removing-volumes.json  the same; its anonymous volumes go, too

#include <string>
#include <vector>

#include "02-daemon/base/atomic_file.hpp"
#include "engine_module.hpp"

namespace slipway {

/// A record that could not be read, and why.
struct BrokenRecord {
  std::string id;
  std::string name;  ///< as far as it could be read: may be empty
  std::string reason;
};

/// A removal that was begun.
struct PendingRemoval {
  ContainerRecord record;
  bool volumes = false;
};

/// What stands on the disk.
struct StoredContainers {
  std::vector<ContainerRecord> records;
  std::vector<BrokenRecord> broken;
  std::vector<PendingRemoval> removals;
};

/// That somebody sent a run a signal.
struct StopNote {
  std::string run{};       ///< its StartedAt
  bool to_end_it = false;  ///< not one to reload something, say
};

/// Thread-safe: each container has its own folder.
class ContainerStore {
 public:
  /// \param folder  DATA_ROOT/containers; made if missing  \throws SysError
  explicit ContainerStore(std::string folder);

  /// Writes the record and its folder. \throws SysError; nothing is left then
  void save(const ContainerRecord& record, Durability durability);
  /// Writes a changed record. \throws SysError; the old one stands then
  void replace(const ContainerRecord& record, Durability durability);
  /// Notes it durably. \throws SysError
  void note_stop(const std::string& id, const StopNote& note);
  /// Of no run if there is none.
  [[nodiscard]] StopNote stop_note(const std::string& id) const;
  /// From now on there is no such container; a removal that is cut short is gone on with after the next load().
  /// Twice is as good as once. \throws SysError
  void begin_removal(const std::string& id, bool volumes, Durability durability);
  /// Removes the folder. \throws SysError
  void remove(const std::string& id);
  /// Reads all records; sweeps folders without one, which a creation or a removal left half done.
  [[nodiscard]] StoredContainers load();

  [[nodiscard]] std::string folder_of(const std::string& id) const { return folder_ + "/" + id; }
  [[nodiscard]] std::string record_file(const std::string& id, Durability durability) const;
  /// The file that note_stop() writes.
  [[nodiscard]] std::string stop_file(const std::string& id) const;

 private:
  void load_folder(const std::string& id, StoredContainers& found);

  std::string folder_;
};

}  // namespace slipway
