#include "image_draft.hpp"

#include <stdexcept>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/http_message.hpp"
#include "02-daemon/base/atomic_file.hpp"
#include "05-layers-cache/base/refused.hpp"
#include "05-layers-cache/layers/hashed_file.hpp"
#include "05-layers-cache/layers/pack_changes.hpp"

namespace slipway {
namespace {

/// Everything that a container wrote was on this disk already: only the disk bounds it.
UnpackBudget budget_of(const WrittenFile& blob) {
  return {.bytes = blob.size, .ratio = 0, .entries = UINT64_MAX};
}

WrittenFile pack(const RootDir& upper, const std::string& path) {
  HashedFile file(path);
  TarStream tar([&](std::span<const char> bytes) { file.write(bytes); });
  pack_changes(upper, tar);
  return file.finish();
}

}  // namespace

ImageDraft::ImageDraft(ImageStore& store, Unpacker unpacker)
    : store_(store), unpacker_(std::move(unpacker)), folder_(store.staging()) {}

void ImageDraft::begin_from(const std::string& typed) {
  if (!diff_ids_.empty())
    throw std::logic_error("a draft begins from one image, before its own layers");
  const ImagePtr base = store_.find_and_hold(typed, holds_.emplace_back());
  diff_ids_ = base->layers;
  blobs_ = base->blobs;
  blobs_.resize(base->layers.size(), base->manifest);  // without the config, the last one
  size_ = base->size;
}

LayerInfo ImageDraft::add_changes(const RootDir& upper) try {
  const std::string name = "layer-" + std::to_string(++made_);
  const std::string blob_path = folder_.path() + "/" + name + ".tar";
  const WrittenFile blob = pack(upper, blob_path);
  const std::string place = folder_.make_folder(name, 0700);
  const UnpackReport report =
      unpacker_.layer(blob_path, folder_.make_folder(name + "/fs", 0755), budget_of(blob));
  const LayerInfo info{.diff_id = blob.digest, .size = report.bytes, .entries = report.entries};
  LayerStore::finish(place, info);
  staged_.blobs.push_back({blob_path, blob.digest});
  staged_.layers.push_back({place, blob.digest});
  diff_ids_.push_back(blob.digest);
  blobs_.push_back(
      {.media_type = layer_media_type("none"), .digest = blob.digest, .size = blob.size});
  size_ += info.size;
  return info;
} catch (const Refused& reason) {
  throw bad_request("the changes cannot become a layer: " + std::string(reason.what()));
}

Descriptor ImageDraft::stage_document(const std::string& text, std::string_view media_type) {
  const Digest digest = Digest::of(text);
  const std::string path = folder_.path() + "/" + digest.hex();
  write_file_atomically(path, text, Durability::volatile_);
  staged_.blobs.push_back({path, digest});
  return {.media_type = std::string(media_type), .digest = digest, .size = text.size()};
}

Digest ImageDraft::finish(nlohmann::json config, const std::vector<ImageReference>& names) {
  nlohmann::json diff_ids = nlohmann::json::array();
  for (const Digest& diff_id : diff_ids_) diff_ids.push_back(diff_id.text());
  config["rootfs"] = {{"type", "layers"}, {"diff_ids", std::move(diff_ids)}};
  check_config(config, "image config");
  const Descriptor document = stage_document(dump_json(config), kOciConfigType);
  const Manifest manifest{.config = document, .layers = blobs_};
  Image image{.id = document.digest,
              .manifest = stage_document(dump_json(make_manifest(manifest)), kOciManifestType),
              .blobs = blobs_,
              .layers = diff_ids_,
              .config = std::move(config),
              .names = names,
              .size = size_};
  image.blobs.push_back(document);
  staged_.images.push_back(std::move(image));
  store_.commit(staged_, folder_);
  return document.digest;
}

}  // namespace slipway
