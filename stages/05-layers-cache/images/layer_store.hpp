#pragma once
/// \file
/// Unpacked layers on disk, one folder each, shared by all images and containers that have the layer:
///
///     DATA_ROOT/layers/sha256/DIFF_ID/fs/           the layer as overlayfs wants it
///                                    /layer.json    {"DiffId":…,"Size":…,"Entries":…}
///
/// A layer comes into being by one rename of its finished folder, and goes by one, so it is there whole or not at all.

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "05-layers-cache/base/digest.hpp"
#include "staging.hpp"

namespace slipway {

/// What is known of a layer.
struct LayerInfo {
  Digest diff_id;
  std::uint64_t size = 0;     ///< bytes of all its files
  std::uint64_t entries = 0;  ///< files, folders, links, whiteouts
};

/// Not thread-safe by itself: `ImageStore` calls it under its lock.
class LayerStore {
 public:
  /// \param folder  DATA_ROOT/layers
  explicit LayerStore(const std::string& folder) : folder_(folder + "/sha256") {}

  /// Makes its folder. \throws SysError
  void open();
  /// The layer, if it is there.
  [[nodiscard]] std::optional<LayerInfo> find(const Digest& diff_id) const;
  /// Where its files are.
  [[nodiscard]] std::string root_of(const Digest& diff_id) const;
  /// Writes layer.json beside the `fs` of a layer in staging: it is finished then. \throws SysError
  static void finish(const std::string& staged, const LayerInfo& info);
  /// Moves a finished and synced layer in; does nothing if it is there. \throws SysError
  void adopt(const std::string& staged, const Digest& diff_id);
  /// Makes the last `adopt`s durable. \throws SysError
  void sync() const;
  /// Moves the layers that are not in `used` to `bin`. \returns them \throws SysError
  std::set<Digest> discard_others(const std::set<Digest>& used, const StagingFolder& bin);

 private:
  std::string folder_;
};

}  // namespace slipway
