#pragma once
/// \file
/// `load`: an image archive, as it streams in, becomes images in the store, all of them or none.
///
///     receive   the stream ──▶ slipway-unpack archive ──▶ members in staging, each with its digest
///     read      manifest.json or index.json ──▶ which config, which layers, which names
///     unpack    each layer that is not there yet ──▶ slipway-unpack layer ──▶ a folder in staging; its diff id must be the config's
///     commit    syncfs, renames, index.json

#include <string>
#include <vector>

#include "01-cli-socket/trace.hpp"
#include "05-layers-cache/unpack/unpacker.hpp"
#include "image_archive.hpp"
#include "image_store.hpp"

namespace slipway {

/// One image that a load brought.
struct LoadedImage {
  Digest id;
  std::vector<ImageReference> names;
};

/// Thread-safe; loads may run side by side.
class ImageLoader {
 public:
  /// \param store  outlives the loader
  ImageLoader(ImageStore& store, Unpacker unpacker, UnpackBudget budget)
      : store_(store), unpacker_(std::move(unpacker)), budget_(budget) {}

  /// Durable on return. On failure the store is as before, and staging is empty.
  /// \throws ApiError 400 for an archive that breaks a rule; what `stream` throws; SysError, std::runtime_error
  std::vector<LoadedImage> load(const BodySource& stream, Trace& trace) const;

 private:
  struct Session;
  void receive(Session& session, const BodySource& stream, Trace& trace) const;
  KnownLayer take_layer(Session& session, const IncomingLayer& layer, const Digest& diff_id,
                        Trace& trace) const;
  void unpack_layer(Session& session, const IncomingLayer& layer, const Digest& diff_id,
                    Trace& trace) const;
  void take_image(Session& session, const IncomingImage& incoming, Trace& trace) const;

  ImageStore& store_;
  Unpacker unpacker_;
  UnpackBudget budget_;
};

}  // namespace slipway
