#include "image_store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/http_message.hpp"
#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/atomic_file.hpp"
#include "digest_folder.hpp"

namespace slipway {
namespace {

using nlohmann::json;

/// A copy of `image` in which nothing is called `name` any more; itself if nothing was.
ImagePtr without_name(const ImagePtr& image, const ImageReference& name) {
  const auto same = [&](const ImageReference& other) { return other.full() == name.full(); };
  if (std::none_of(image->names.begin(), image->names.end(), same)) return image;
  Image copy = *image;
  std::erase_if(copy.names, same);
  return std::make_shared<const Image>(std::move(copy));
}

/// Gives the image that has this id one more name, and takes the name from all others.
void move_name(std::vector<ImagePtr>& images, const Digest& id, const ImageReference& name) {
  for (ImagePtr& image : images) {
    image = without_name(image, name);
    if (image->id != id) continue;
    Image copy = *image;
    copy.names.push_back(name);
    image = std::make_shared<const Image>(std::move(copy));
  }
}

/// Adds an image, or what is new of it: the same content under another manifest is the same image.
void add_image(std::vector<ImagePtr>& images, const Image& image) {
  const auto same = [&](const ImagePtr& other) { return other->id == image.id; };
  Image added = image;
  if (const auto found = std::find_if(images.begin(), images.end(), same); found != images.end()) {
    added.names = (*found)->names;
    images.erase(found);
  } else {
    added.names.clear();
  }
  images.push_back(std::make_shared<const Image>(std::move(added)));
  for (const ImageReference& name : image.names) move_name(images, image.id, name);
}

}  // namespace

ImageStore::ImageStore(const std::string& data_root)
    : folder_(data_root + "/images"),
      staging_(data_root + "/staging"),
      layers_(data_root + "/layers") {}

void ImageStore::open() {
  const std::scoped_lock lock(mutex_);
  remove_tree(staging_);
  make_folders(staging_);
  make_folders(folder_ + "/blobs/sha256");
  layers_.open();
  if (!read_file(folder_ + "/oci-layout")) {
    write_file_atomically(folder_ + "/oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  }
  if (!read_file(folder_ + "/index.json")) replace_images({});
  read_index();
  const StagingFolder bin(staging_);
  discard_unused(bin);
}

std::string ImageStore::blob_path(const Digest& digest) const {
  return folder_ + "/blobs/sha256/" + digest.hex();
}

UniqueFd ImageStore::open_blob(const Digest& digest) const {
  const std::string path = blob_path(digest);
  return UniqueFd(check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open", path));
}

/// A document of the store. \throws std::runtime_error if its bytes have changed since it came
json ImageStore::read_document(const Digest& digest) const {
  const std::string text = read_file(blob_path(digest)).value_or("");
  if (Digest::of(text) != digest)
    throw std::runtime_error("blob " + digest.text() + " is damaged or missing");
  return parse_document(text, digest.text());
}

/// An image from its blobs. \throws std::exception if it is not whole
ImagePtr ImageStore::read_image(const Descriptor& descriptor) const {
  const Manifest manifest = parse_manifest(read_document(descriptor.digest), descriptor.media_type,
                                           descriptor.digest.text());
  Image image{.id = manifest.config.digest,
              .manifest = descriptor,
              .blobs = manifest.layers,
              .layers = {},
              .config = read_document(manifest.config.digest),
              .names = {}};
  image.layers = check_config(image.config, image.id.text());
  image.blobs.push_back(manifest.config);
  for (const Descriptor& blob : image.blobs) {
    check(::access(blob_path(blob.digest).c_str(), F_OK), "access", "blob " + blob.digest.text());
  }
  for (const Digest& diff_id : image.layers) {
    const auto layer = layers_.find(diff_id);
    if (!layer) throw std::runtime_error("layer " + diff_id.text() + " is missing");
    image.size += layer->size;
  }
  return std::make_shared<const Image>(std::move(image));
}

void ImageStore::read_index() {
  images_.clear();
  left_out_.clear();
  for (IndexEntry& entry : parse_index(read_file(folder_ + "/index.json").value_or(""))) {
    try {
      Image image = *read_image(entry.manifest);
      image.removed = entry.removed;
      if (entry.name) image.names.push_back(*entry.name);
      add_image(images_, image);
    } catch (const std::exception& error) {
      const std::string name = entry.name ? entry.name->familiar() : entry.manifest.digest.text();
      log_line(LogLevel::warning,
               "image " + name + " is left out until it is loaded again: " + error.what());
      left_out_.push_back(std::move(entry));
    }
  }
}

/// Writes the new truth, then believes it.
void ImageStore::replace_images(Images images) {
  std::vector<IndexEntry> entries;
  for (const ImagePtr& image : images) {
    for (IndexEntry& entry : entries_of(*image)) entries.push_back(std::move(entry));
  }
  std::vector<IndexEntry> left_out;
  for (const IndexEntry& entry :
       left_out_) {  // a name or a manifest that has come anew is whole now
    const bool replaced = std::any_of(entries.begin(), entries.end(), [&](const IndexEntry& other) {
      return other.manifest.digest == entry.manifest.digest ||
             (other.name && entry.name && other.name->full() == entry.name->full());
    });
    if (!replaced) left_out.push_back(entry);
  }
  entries.insert(entries.end(), left_out.begin(), left_out.end());
  write_file_atomically(folder_ + "/index.json", make_index(entries));
  images_ = std::move(images);
  left_out_ = std::move(left_out);
}

std::vector<ImagePtr> ImageStore::all() const {
  Images shown;
  {
    const std::scoped_lock lock(mutex_);
    std::copy_if(images_.begin(), images_.end(), std::back_inserter(shown),
                 [](const ImagePtr& image) { return !image->removed; });
  }
  std::stable_sort(shown.begin(), shown.end(), [](const ImagePtr& a, const ImagePtr& b) {
    return a->created() > b->created();
  });
  return shown;
}

ImagePtr ImageStore::find(const std::string& typed) const {
  const std::scoped_lock lock(mutex_);
  return find_image(images_, typed);
}

bool ImageStore::is_called(const std::string& typed, const Digest& id) const {
  try {
    return find(typed)->id == id;
  } catch (const ApiError&) {  // nothing is called so any more
    return false;
  }
}

Hold ImageStore::hold(std::map<Digest, int>& counts, const Digest& digest) {
  ++counts[digest];
  return {nullptr, [this, &counts, digest](void*) {
            const std::scoped_lock lock(mutex_);
            if (--counts[digest] == 0) counts.erase(digest);
          }};
}

ImagePtr ImageStore::find_and_hold(const std::string& typed, Hold& held) {
  const std::scoped_lock lock(mutex_);
  ImagePtr image = find_image(images_, typed);
  held = hold(held_images_, image->id);
  return image;
}

/// The media type of a blob that is known to unpack to this diff id: one has the other's digest, or
/// did so before.
std::optional<std::string> ImageStore::proven_type(const Digest& diff_id,
                                                   const Digest& blob) const {
  if (blob == diff_id) return layer_media_type("none");
  for (const ImagePtr& image : images_) {
    for (std::size_t i = 0; i < image->layers.size(); ++i) {
      if (image->layers[i] == diff_id && image->blobs[i].digest == blob)
        return image->blobs[i].media_type;
    }
  }
  return std::nullopt;
}

std::optional<KnownLayer> ImageStore::hold_layer(const Digest& diff_id, const Digest& blob,
                                                 Hold& held) {
  const std::scoped_lock lock(mutex_);
  const auto layer = layers_.find(diff_id);
  const auto type = proven_type(diff_id, blob);
  if (!layer || !type) return std::nullopt;
  held = hold(held_layers_, diff_id);
  return KnownLayer{.info = *layer, .media_type = *type};
}

std::uint64_t ImageStore::layer_size(const Digest& diff_id) const {
  const std::scoped_lock lock(mutex_);
  const auto layer = layers_.find(diff_id);
  return layer ? layer->size : 0;
}

std::string ImageStore::layer_root(const Digest& diff_id) const { return layers_.root_of(diff_id); }

void ImageStore::commit(const StagedImages& staged, const StagingFolder& staging) {
  staging.sync();
  const std::scoped_lock lock(mutex_);
  for (const StagedItem& blob : staged.blobs) {
    // In place of one that is there already, too: that repairs a blob that has rotted.
    check(::rename(blob.path.c_str(), blob_path(blob.digest).c_str()), "rename", blob.path);
  }
  for (const StagedItem& layer : staged.layers) layers_.adopt(layer.path, layer.digest);
  sync_folder(folder_ + "/blobs/sha256");
  layers_.sync();
  Images images = images_;
  for (const Image& image : staged.images) add_image(images, image);
  replace_images(std::move(images));
}

void ImageStore::tag(const std::string& typed, const ImageReference& name) {
  const std::scoped_lock lock(mutex_);
  Images images = images_;
  move_name(images, find_image(images_, typed)->id, name);
  replace_images(std::move(images));
}

std::vector<ImageUser> ImageStore::users_locked(const Digest& id, const UsersOf& users_of) const {
  std::vector<ImageUser> users = users_of(id);
  if (held_images_.contains(id)) users.push_back({.container = {}, .running = true});
  return users;
}

std::vector<RemovalRecord> ImageStore::remove(const std::string& typed, bool force,
                                              const UsersOf& users_of) {
  const StagingFolder bin(
      staging_);  // first, so that what it got is removed after the lock is gone
  const std::scoped_lock lock(mutex_);
  const ImagePtr image = find_image(images_, typed);
  const RemovalPlan plan = plan_removal(*image, typed, force, users_locked(image->id, users_of));
  std::vector<RemovalRecord> records;
  for (const ImageReference& name : plan.untag) {
    records.push_back({.untagged = true, .what = name.familiar()});
  }
  Images images;
  for (ImagePtr other : images_) {
    for (const ImageReference& name : plan.untag) other = without_name(other, name);
    const bool gone = other->removed || (plan.remove && other->id == image->id);
    if (gone && users_locked(other->id, users_of).empty()) continue;
    if (gone != other->removed) {
      Image kept = *other;
      kept.removed = gone;
      other = std::make_shared<const Image>(std::move(kept));
    }
    images.push_back(std::move(other));
  }
  replace_images(std::move(images));
  if (plan.remove) records.push_back({.untagged = false, .what = image->id.text()});
  for (const Digest& layer : discard_unused(bin)) {
    records.push_back({.untagged = false, .what = layer.text()});
  }
  return records;
}

/// What an image that is not whole still names. \throws std::exception if that cannot be known
void ImageStore::add_reachable(const IndexEntry& entry, std::set<Digest>& blobs,
                               std::set<Digest>& layers) const {
  const std::string what = entry.manifest.digest.text();
  const Manifest manifest =
      parse_manifest(read_document(entry.manifest.digest), entry.manifest.media_type, what);
  blobs.insert({entry.manifest.digest, manifest.config.digest});
  for (const Descriptor& layer : manifest.layers) blobs.insert(layer.digest);
  for (const Digest& layer : check_config(read_document(manifest.config.digest), what)) {
    layers.insert(layer);
  }
}

/// Removes what no entry of the index needs and nobody holds: layers into `bin`, blobs at once.
/// \returns the layers
std::set<Digest> ImageStore::discard_unused(const StagingFolder& bin) {
  std::set<Digest> blobs;
  std::set<Digest> layers;
  for (const ImagePtr& image : images_) {
    blobs.insert(image->manifest.digest);
    for (const Descriptor& blob : image->blobs) blobs.insert(blob.digest);
    layers.insert(image->layers.begin(), image->layers.end());
  }
  try {
    for (const IndexEntry& entry : left_out_) add_reachable(entry, blobs, layers);
  } catch (const std::exception&) {  // what it needs is not known: then nothing is thrown away
    return {};
  }
  for (const auto& [layer, count] : held_layers_) layers.insert(layer);
  for (const Digest& blob : digests_in(folder_ + "/blobs/sha256")) {
    if (!blobs.contains(blob)) check(::unlink(blob_path(blob).c_str()), "unlink", blob.text());
  }
  return layers_.discard_others(layers, bin);
}

}  // namespace slipway
