#pragma once
/// \file
/// All images of an engine. On disk a plain OCI image layout (OCI image-spec, image-layout.md),
/// which other tools read:
///
///     DATA_ROOT/images/oci-layout
///                     /index.json      one descriptor for each name of each image
///                     /blobs/sha256/…  manifests, configs and layers, as they came
///     DATA_ROOT/layers/…               the unpacked layers (`layer_store.hpp`)
///     DATA_ROOT/staging/…              what is on its way in or out
///
/// index.json is the truth: what it names is whole, what nothing in it needs is rubbish. Every
/// change is a new index.json, written atomically, after all that it names is durable and before
/// anything that it no longer names is removed.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "01-cli-socket/unique_fd.hpp"
#include "image.hpp"
#include "image_index.hpp"
#include "image_removal.hpp"
#include "layer_store.hpp"

namespace slipway {

/// Keeps something from being removed for as long as it lives.
using Hold = std::shared_ptr<void>;

/// Answers who needs an image.
using UsersOf = std::function<std::vector<ImageUser>(const Digest& image)>;

/// Something complete in staging that is to move into the store.
struct StagedItem {
  std::string path;
  Digest digest;
};

/// What a load brings.
struct StagedImages {
  std::vector<StagedItem> blobs;   ///< files
  std::vector<StagedItem> layers;  ///< folders, finished
  std::vector<Image> images;
};

/// A layer that need not be unpacked again.
struct KnownLayer {
  LayerInfo info;
  std::string media_type;  ///< of the blob
};

/// A line of `rmi`'s answer.
struct RemovalRecord {
  bool untagged = false;  ///< else: deleted
  std::string what;       ///< a name or a digest
};

/// Thread-safe.
class ImageStore {
 public:
  /// \param data_root  its three folders stand in here
  explicit ImageStore(const std::string& data_root);

  /// At the engine's start: empties staging, reads the index, removes what an unclean stop left.
  /// Images that are not whole are left out, with a warning, and nothing of them is removed: a
  /// second load repairs them. \throws SysError, std::runtime_error (a damaged index)
  void open();

  /// Newest first.
  [[nodiscard]] std::vector<ImagePtr> all() const;
  /// By id, then by name, then by the id's beginning. \throws ApiError 404 `No such image:
  /// X:latest`
  [[nodiscard]] ImagePtr find(const std::string& typed) const;
  /// True if `find` would find this image under that name.
  [[nodiscard]] bool is_called(const std::string& typed, const Digest& id) const;
  /// As `find`, and keeps it from being removed while `hold` lives. \param hold  empty
  [[nodiscard]] ImagePtr find_and_hold(const std::string& typed, Hold& hold);
  /// The layer, if it is there and `blob` is known to unpack to it; it stays while `hold` lives.
  /// \param hold  empty
  [[nodiscard]] std::optional<KnownLayer> hold_layer(const Digest& diff_id, const Digest& blob,
                                                     Hold& hold);
  /// For reading; what it holds is for the caller to check. \throws SysError
  [[nodiscard]] UniqueFd open_blob(const Digest& digest) const;
  [[nodiscard]] std::string layer_root(const Digest& diff_id) const;
  /// Bytes of all the layer's files; 0 if it is not there.
  [[nodiscard]] std::uint64_t layer_size(const Digest& diff_id) const;

  /// Takes in what stands in `staging`, all or nothing; a name that another image had moves over.
  /// Durable on return. \throws SysError
  void commit(const StagedImages& staged, const StagingFolder& staging);
  /// Gives an image one more name. \throws ApiError 404
  void tag(const std::string& typed, const ImageReference& name);
  /// \throws ApiError 404, 409 in Docker's words
  std::vector<RemovalRecord> remove(const std::string& typed, bool force, const UsersOf& users_of);

  [[nodiscard]] const std::string& staging() const noexcept { return staging_; }

 private:
  using Images = std::vector<ImagePtr>;

  [[nodiscard]] std::vector<ImageUser> users_locked(const Digest& id,
                                                    const UsersOf& users_of) const;
  [[nodiscard]] ImagePtr read_image(const Descriptor& manifest) const;
  [[nodiscard]] std::string blob_path(const Digest& digest) const;
  [[nodiscard]] std::optional<std::string> proven_type(const Digest& diff_id,
                                                       const Digest& blob) const;
  [[nodiscard]] nlohmann::json read_document(const Digest& digest) const;
  void read_index();
  void add_reachable(const IndexEntry& entry, std::set<Digest>& blobs,
                     std::set<Digest>& layers) const;
  void replace_images(Images images);
  std::set<Digest> discard_unused(const StagingFolder& bin);
  [[nodiscard]] Hold hold(std::map<Digest, int>& counts, const Digest& digest);

  std::string folder_;
  std::string staging_;
  LayerStore layers_;
  mutable std::mutex mutex_;  ///< guards all below, and every change on disk
  Images images_;
  std::vector<IndexEntry> left_out_;  ///< what the index names and what is not whole
  std::map<Digest, int> held_images_;
  std::map<Digest, int> held_layers_;
};

}  // namespace slipway
