#include "image_loader.hpp"

#include <algorithm>
#include <set>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/http_message.hpp"
#include "02-daemon/base/atomic_file.hpp"
#include "05-layers-cache/base/refused.hpp"

namespace slipway {

/// One load: what it has in staging, and what it may still use.
struct ImageLoader::Session {
  explicit Session(const std::string& staging) : folder(staging) {}

  StagingFolder folder;
  ArchiveFiles files{"", {}};
  UnpackBudget left;
  StagedImages staged;
  std::set<Digest> staged_blobs;  ///< images share blobs: each moves once
  /// By diff id and blob: that one blob unpacks to this layer proves nothing about another that claims to.
  std::map<std::pair<Digest, Digest>, KnownLayer> known_layers;
  std::vector<Hold> holds;
  int unpacked = 0;

  void stage_blob(const std::string& path, const Digest& digest) {
    if (staged_blobs.insert(digest).second) staged.blobs.push_back({path, digest});
  }
  /// \returns its descriptor
  Descriptor stage_document(const std::string& text, std::string_view media_type) {
    const Digest digest = Digest::of(text);
    const std::string path = folder.path() + "/" + digest.hex();
    write_file_atomically(path, text, Durability::volatile_);
    stage_blob(path, digest);
    return {.media_type = std::string(media_type), .digest = digest, .size = text.size()};
  }
};

namespace {

/// The content's digest, which the image's config must have promised.
void check_diff_id(const UnpackReport& report, const IncomingLayer& layer, const Digest& expected) {
  // An uncompressed blob is the tar itself: its digest is known from when it came in.
  const Digest actual = report.diff_id.value_or(layer.digest);
  if (actual == expected) return;
  throw Refused("bad digest: the uncompressed content has " + actual.text() +
                ", but the image's config says " + expected.text());
}

}  // namespace

void ImageLoader::receive(Session& session, const BodySource& stream, Trace& trace) const {
  auto step = trace.begin("05", "receive", "spawn", "slipway-unpack archive");
  UnpackBudget budget = budget_;
  budget.ceiling = std::min<std::uint64_t>(budget.ceiling, session.folder.room());
  const std::string folder = session.folder.make_folder("members", 0700);
  UnpackReport report = unpacker_.archive(stream, folder, budget);
  step.result(std::to_string(report.entries) + " entries, " + std::to_string(report.bytes) +
              " bytes");
  session.files = ArchiveFiles(folder, std::move(report.members));
  // What all layers of the archive may unpack to, together.
  session.left = {.bytes = budget_.limit(report.bytes), .ratio = 0, .entries = budget_.entries};
}

void ImageLoader::unpack_layer(Session& session, const IncomingLayer& layer, const Digest& diff_id,
                               Trace& trace) const {
  auto step = trace.begin("05", "unpack", "spawn", "slipway-unpack layer < " + layer.name);
  const std::string name = "layer-" + std::to_string(++session.unpacked);
  const std::string place = session.folder.make_folder(name, 0700);
  const std::string root = session.folder.make_folder(name + "/fs", 0755);
  session.left.ceiling = session.folder.room();
  const UnpackReport report = unpacker_.layer(layer.path, root, session.left);
  check_diff_id(report, layer, diff_id);
  session.left.bytes -= std::min(session.left.bytes, report.bytes);
  session.left.entries -= std::min(session.left.entries, report.entries);
  const LayerInfo info{.diff_id = diff_id, .size = report.bytes, .entries = report.entries};
  LayerStore::finish(place, info);
  session.staged.layers.push_back({place, diff_id});
  const KnownLayer known{.info = info, .media_type = layer_media_type(report.filter)};
  session.known_layers.emplace(std::pair(diff_id, layer.digest), known);
  step.result(std::to_string(report.entries) + " entries, " + report.filter);
}

KnownLayer ImageLoader::take_layer(Session& session, const IncomingLayer& layer,
                                   const Digest& diff_id, Trace& trace) const {
  const std::pair key(diff_id, layer.digest);
  if (!session.known_layers.contains(key)) {
    Hold hold;
    if (auto known = store_.hold_layer(diff_id, layer.digest, hold)) {
      session.known_layers.emplace(key, std::move(*known));
      session.holds.push_back(std::move(hold));
    } else {
      unpack_layer(session, layer, diff_id, trace);
    }
  }
  session.stage_blob(layer.path, layer.digest);
  return session.known_layers.at(key);
}

void ImageLoader::take_image(Session& session, const IncomingImage& incoming, Trace& trace) const {
  Manifest manifest{.config = session.stage_document(incoming.config, kOciConfigType),
                    .layers = {}};
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < incoming.layers.size(); ++i) {
    const IncomingLayer& layer = incoming.layers[i];
    try {
      const KnownLayer known = take_layer(session, layer, incoming.diff_ids[i], trace);
      manifest.layers.push_back(
          {.media_type = layer.media_type.empty() ? known.media_type : layer.media_type,
           .digest = layer.digest,
           .size = layer.size});
      size += known.info.size;
    } catch (const Refused& reason) {
      throw Refused("layer " + layer.name + ": " + reason.what());
    }
  }
  const Descriptor descriptor =
      incoming.manifest
          ? session.stage_document(*incoming.manifest, incoming.manifest_type)
          : session.stage_document(dump_json(make_manifest(manifest)), kOciManifestType);
  Image image{.id = incoming.id,
              .manifest = descriptor,
              .blobs = std::move(manifest.layers),
              .layers = incoming.diff_ids,
              .config = parse_document(incoming.config, incoming.id.text()),
              .names = incoming.names,
              .size = size};
  image.blobs.push_back(manifest.config);
  session.staged.images.push_back(std::move(image));
}

std::vector<LoadedImage> ImageLoader::load(const BodySource& stream, Trace& trace) const {
  Session session(store_.staging());
  std::vector<LoadedImage> loaded;
  try {
    receive(session, stream, trace);
    for (const IncomingImage& incoming : read_image_archive(session.files)) {
      take_image(session, incoming, trace);
      loaded.push_back({.id = incoming.id, .names = incoming.names});
    }
  } catch (const Refused& reason) {
    throw bad_request("cannot load the image archive: " + std::string(reason.what()));
  }
  const auto step = trace.begin("05", "commit", "syncfs, rename", "images/index.json");
  store_.commit(session.staged, session.folder);
  return loaded;
}

}  // namespace slipway
