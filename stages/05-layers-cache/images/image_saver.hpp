#pragma once
/// \file
/// `save`: images as one tar that is a docker-archive and an OCI layout at once, as Docker writes it since version 25:
///
///     blobs/sha256/…   layers, configs and manifests, byte for byte as the store has them: so ids and digests stay
///     index.json       for readers of OCI layouts (skopeo, containerd)
///     manifest.json    for `docker load`
///     oci-layout
///
/// The same images give the same bytes.

#include <set>
#include <string>
#include <vector>

#include "05-layers-cache/layers/tar_stream.hpp"
#include "image_store.hpp"

namespace slipway {

/// One save. The images stay in the store while it lives. Not thread-safe.
class ImageSaver {
 public:
  /// \param store  outlives the saver
  /// \param typed  what the client asked for. NAME:TAG saves that name, NAME alone all tags of it, an id no name
  /// \throws ApiError 404 `No such image: X`; 400 if nothing is asked for
  ImageSaver(ImageStore& store, const std::vector<std::string>& typed);

  /// Writes the whole archive. \throws std::runtime_error for a blob whose bytes are not what its digest says: what was
  /// written then is no archive; SysError; what `sink` throws
  void write(const ByteSink& sink) const;
  [[nodiscard]] std::vector<Digest> images() const;

 private:
  void choose(const std::string& typed);
  void add(const std::string& typed, const std::vector<ImageReference>& names);
  void write_blob(TarStream& tar, std::set<Digest>& written, const Digest& digest) const;
  [[nodiscard]] std::string docker_manifest() const;

  ImageStore& store_;
  std::vector<Hold> holds_;
  std::vector<Image> images_;  ///< each once, with the names to save it under
};

}  // namespace slipway
