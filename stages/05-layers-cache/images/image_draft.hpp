#pragma once
/// \file
/// An image in the making: layers of an image that is there, one more from what a container changed, a config. What
/// `commit` and each step of a build do.
///
///     upper folder ──▶ pack_changes ──▶ blob in staging, hashed on the way
///     blob ──▶ slipway-unpack layer ──▶ folder in staging     what a load of this image elsewhere will get, by the same road
///     finish   config, manifest; then ImageStore::commit: syncfs, renames, index.json

#include <string>
#include <vector>

#include "03-namespaces/base/root_dir.hpp"
#include "05-layers-cache/unpack/unpacker.hpp"
#include "image_store.hpp"

namespace slipway {

/// Until `finish` nothing of it is in the store, and its end removes all it made. Not thread-safe; several may be in the
/// making at once.
class ImageDraft {
 public:
  /// \param store  outlives the draft
  ImageDraft(ImageStore& store, Unpacker unpacker);

  /// Begins with all layers of an image. Once at most, before any other layer; the image stays until the draft ends.
  /// \throws ApiError 404
  void begin_from(const std::string& typed);
  /// One more layer on top: an overlay's upper folder. \returns what is known of it
  /// \throws ApiError 400 for what no layer can hold; SysError, std::runtime_error
  LayerInfo add_changes(const RootDir& upper);
  /// Makes it an image; the draft is spent then. Durable on return.
  /// \param config  the config document; its `rootfs` is filled in here
  /// \param names   may be none
  /// \returns the image's id \throws ApiError 400 (the config); SysError
  Digest finish(nlohmann::json config, const std::vector<ImageReference>& names);

 private:
  Descriptor stage_document(const std::string& text, std::string_view media_type);

  ImageStore& store_;
  Unpacker unpacker_;
  StagingFolder folder_;
  std::vector<Hold> holds_;
  StagedImages staged_;
  std::vector<Digest> diff_ids_;   ///< bottom first
  std::vector<Descriptor> blobs_;  ///< the same layers' blobs
  std::uint64_t size_ = 0;         ///< bytes of all of them, unpacked
  int made_ = 0;
};

}  // namespace slipway
