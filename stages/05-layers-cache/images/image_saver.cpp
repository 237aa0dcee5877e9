#include "image_saver.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/http_message.hpp"
#include "01-cli-socket/sys_error.hpp"

namespace slipway {
namespace {

using nlohmann::json;

constexpr std::size_t kPart = 256 * 1024;

std::string member_of(const Digest& digest) { return "blobs/sha256/" + digest.hex(); }

void write_text(TarStream& tar, const std::string& name, const std::string& text) {
  tar.add({.name = name, .mode = 0644, .size = text.size()});
  tar.write(text);
}

}  // namespace

ImageSaver::ImageSaver(ImageStore& store, const std::vector<std::string>& typed) : store_(store) {
  if (typed.empty()) throw bad_request("save: no image is named");
  for (const std::string& one : typed) choose(one);
}

void ImageSaver::choose(const std::string& typed) {
  const auto name = ImageReference::maybe_parse(typed);
  const bool bare = name && !name->tag() && !name->digest();
  std::vector<ImageReference> tags;
  for (const ImagePtr& image : store_.all()) {
    for (const ImageReference& own : image->names) {
      const bool wanted = name && own.name() == name->name() && (bare || own.tag() == name->tag());
      if (wanted) tags.push_back(own);
    }
  }
  for (const ImageReference& tag : tags) add(tag.familiar(), {tag});
  if (tags.empty()) add(typed, {});
}

void ImageSaver::add(const std::string& typed, const std::vector<ImageReference>& names) {
  const ImagePtr image = store_.find_and_hold(typed, holds_.emplace_back());
  const auto same = [&](const Image& other) { return other.id == image->id; };
  auto place = std::find_if(images_.begin(), images_.end(), same);
  if (place == images_.end()) {
    place = images_.insert(images_.end(), *image);
    place->names.clear();
  }
  for (const ImageReference& name : names) {
    const auto is_it = [&](const ImageReference& other) { return other.full() == name.full(); };
    const bool known = std::any_of(place->names.begin(), place->names.end(), is_it);
    if (!known) place->names.push_back(name);
  }
}

/// Hashed on the way: a blob that has rotted does not travel on under its good name.
void ImageSaver::write_blob(TarStream& tar, std::set<Digest>& written, const Digest& digest) const {
  if (!written.insert(digest).second) return;
  const UniqueFd blob = store_.open_blob(digest);
  struct stat info {};
  check(::fstat(blob.get(), &info), "fstat", digest.text());
  tar.add(
      {.name = member_of(digest), .mode = 0644, .size = static_cast<std::uint64_t>(info.st_size)});
  Sha256 hash;
  std::vector<char> buffer(kPart);
  for (;;) {
    const ssize_t count =
        check(retry_on_signal([&] { return ::read(blob.get(), buffer.data(), buffer.size()); }),
              "read", digest.text());
    if (count == 0) break;
    const std::span part(buffer.data(), static_cast<std::size_t>(count));
    hash.update(part);
    tar.write(part);
  }
  if (hash.finish() == digest) return;
  throw std::runtime_error("blob " + digest.text() + " is damaged: load its image again");
}

std::string ImageSaver::docker_manifest() const {
  json list = json::array();
  for (const Image& image : images_) {
    json tags = json::array();
    for (const ImageReference& name : image.names) tags.push_back(name.familiar());
    json layers = json::array();
    for (std::size_t i = 0; i < image.layers.size(); ++i) {
      layers.push_back(member_of(image.blobs[i].digest));
    }
    list.push_back({{"Config", member_of(image.id)},
                    {"RepoTags", tags.empty() ? json() : tags},
                    {"Layers", layers}});
  }
  return dump_json(list);
}

void ImageSaver::write(const ByteSink& sink) const {
  TarStream tar(sink);
  std::set<Digest> written;
  std::vector<IndexEntry> index;
  for (const char* folder : {"blobs/", "blobs/sha256/"}) {
    tar.add({.name = folder, .type = '5', .mode = 0755});
  }
  for (const Image& image : images_) {
    for (const Descriptor& blob : image.blobs) write_blob(tar, written, blob.digest);
    write_blob(tar, written, image.manifest.digest);
    for (IndexEntry& entry : entries_of(image)) index.push_back(std::move(entry));
  }
  write_text(tar, "index.json", make_index(index));
  write_text(tar, "manifest.json", docker_manifest());
  write_text(tar, "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  tar.finish();
}

std::vector<Digest> ImageSaver::images() const {
  std::vector<Digest> ids;
  for (const Image& image : images_) ids.push_back(image.id);
  return ids;
}

}  // namespace slipway
