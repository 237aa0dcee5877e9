#pragma once
/// \file
/// The volumes of an engine, and their folders:
///
///     DATA_ROOT/volumes/NAME/volume.json      what is known of it
///     DATA_ROOT/volumes/NAME/_data            what containers see
///     DATA_ROOT/volumes/.making-NAME          being made: it gets its name when all of it is on disk
///     DATA_ROOT/volumes/.removing-NAME        no volume any more, its content goes
///
/// A name begins with a letter or digit, so that no volume is called like the last two. An open() removes those and nothing
/// else: a folder whose volume.json is lost or damaged stays a volume, for what is in it is somebody's data.

#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "volume.hpp"

namespace slipway {

/// Thread-safe.
class VolumeStore {
 public:
  /// The ids of containers that have a volume.
  using UsersOf = std::function<std::vector<std::string>(const std::string& name)>;

  explicit VolumeStore(std::string data_root);

  /// Reads what is there, and ends what an unclean stop left half done. \throws SysError
  void open();
  /// The volume of this name: it is durable when this returns. One that exists already is returned as it is.
  /// \returns it, and whether it is new  \throws ApiError 400 for a bad name or option; SysError
  std::pair<VolumePtr, bool> create(Volume wanted);
  /// \throws ApiError 404 `get X: no such volume`
  [[nodiscard]] VolumePtr find(const std::string& name) const;
  [[nodiscard]] VolumePtr maybe_find(const std::string& name) const;
  /// All, by name.
  [[nodiscard]] std::vector<VolumePtr> all() const;
  /// Nobody can remove it while the result lives, even though no container has it yet.
  [[nodiscard]] std::shared_ptr<void> hold(const std::string& name);
  /// \throws ApiError 404, or 409 `remove X: volume is in use - [ID]`
  void remove(const std::string& name, const UsersOf& users_of);

  /// The folder that containers see.
  [[nodiscard]] std::string data_folder(const std::string& name) const;
  /// What it holds, in bytes.
  [[nodiscard]] std::int64_t size(const Volume& volume) const;

 private:
  [[nodiscard]] std::string folder(const std::string& name) const { return root_ + "/" + name; }
  [[nodiscard]] VolumePtr read(const std::string& name) const;
  void write(const Volume& volume) const;

  std::string root_;
  mutable std::mutex mutex_;
  std::map<std::string, VolumePtr> volumes_;
  std::map<std::string, int> holds_;
};

}  // namespace slipway
