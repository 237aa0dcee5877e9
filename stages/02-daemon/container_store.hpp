#pragma once
/// \file
/// Container records on disk: DATA_ROOT/containers/ID/record.json. A container exists if and only if that file does.

#include <string>
#include <vector>

#include "atomic_file.hpp"
#include "engine_module.hpp"

namespace slipway {

/// A record that could not be read, and why.
struct BrokenRecord {
  std::string id;
  std::string reason;
};

/// Thread-safe: each container has its own folder.
class ContainerStore {
 public:
  /// \param folder  DATA_ROOT/containers; made if missing  \throws SysError
  explicit ContainerStore(std::string folder);

  /// Writes the record and its folder. \throws SysError; nothing is left then
  void save(const ContainerRecord& record, Durability durability);
  /// Removes the record first, then all else in its folder. \throws SysError
  void remove(const std::string& id, Durability durability);
  /// Reads all records; sweeps folders without one, which a creation or a removal left half done.
  [[nodiscard]] std::vector<ContainerRecord> load(std::vector<BrokenRecord>& broken);

  [[nodiscard]] std::string folder_of(const std::string& id) const { return folder_ + "/" + id; }

 private:
  std::string folder_;
};

}  // namespace slipway
