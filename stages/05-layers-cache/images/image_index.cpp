#include "image_index.hpp"

#include <algorithm>
#include <stdexcept>

#include "01-cli-socket/api_error.hpp"
#include "image_removal.hpp"

namespace slipway {
namespace {

using nlohmann::json;

constexpr const char* kRemovedAnnotation = "io.slipway.image.removed";

IndexEntry entry_of(const json& object) {
  IndexEntry entry{.manifest = parse_descriptor(object, "index.json"), .name = {}};
  const json notes = object.value("annotations", json::object());
  const std::string name = notes.value(kImageNameAnnotation, "");
  if (!name.empty()) entry.name = ImageReference::parse(name);
  entry.removed = notes.contains(kRemovedAnnotation);
  return entry;
}

json to_json(const IndexEntry& entry) {
  json descriptor = to_json(entry.manifest);
  json notes = json::object();
  if (entry.name) notes[kRefNameAnnotation] = entry.name->familiar();
  if (entry.name) notes[kImageNameAnnotation] = entry.name->full();
  if (entry.removed) notes[kRemovedAnnotation] = "true";
  if (!notes.empty()) descriptor["annotations"] = notes;
  return descriptor;
}

bool is_called(const Image& image, const ImageReference& name) {
  if (name.digest() && *name.digest() != image.manifest.digest) return false;
  return std::any_of(image.names.begin(), image.names.end(), [&](const ImageReference& own) {
    return own.name() == name.name() && (name.digest() || own.tag() == name.tag());
  });
}

/// The only image that `matches`; nothing if there is none or more than one.
template <class Matches>
ImagePtr only(const std::vector<ImagePtr>& images, Matches matches) {
  ImagePtr found;
  for (const ImagePtr& image : images) {
    if (image->removed || !matches(*image)) continue;
    if (found) return nullptr;
    found = image;
  }
  return found;
}

}  // namespace

std::vector<IndexEntry> parse_index(const std::string& text) {
  try {
    std::vector<IndexEntry> entries;
    const json index =
        json::parse(text);  // named: a loop over a part of a temporary would read freed memory
    for (const json& object : index.at("manifests")) entries.push_back(entry_of(object));
    return entries;
  } catch (const std::exception& error) {
    throw std::runtime_error("images/index.json is damaged (" + std::string(error.what()) +
                             "); move the folder images away to start without images");
  }
}

std::vector<IndexEntry> entries_of(const Image& image) {
  std::vector<IndexEntry> entries;
  for (const ImageReference& name : image.names) {
    entries.push_back({.manifest = image.manifest, .name = name, .removed = image.removed});
  }
  if (entries.empty())
    entries.push_back({.manifest = image.manifest, .name = {}, .removed = image.removed});
  return entries;
}

std::string make_index(const std::vector<IndexEntry>& entries) {
  json manifests = json::array();
  for (const IndexEntry& entry : entries) manifests.push_back(to_json(entry));
  const json index{{"schemaVersion", 2}, {"mediaType", kOciIndexType}, {"manifests", manifests}};
  return index.dump(2) + "\n";
}

ImagePtr find_image(const std::vector<ImagePtr>& images, const std::string& typed) {
  const auto by_id = [&](const Image& image) {
    return image.id.text() == typed || image.id.hex() == typed;
  };
  if (ImagePtr found = only(images, by_id)) return found;
  auto name = ImageReference::maybe_parse(typed);
  if (name) {
    name = name->with_default_tag();
    const auto by_name = [&](const Image& image) { return is_called(image, *name); };
    if (ImagePtr found = only(images, by_name)) return found;
  }
  const auto by_prefix = [&](const Image& image) { return is_id_prefix(image, typed); };
  if (ImagePtr found = typed.empty() ? nullptr : only(images, by_prefix)) return found;
  throw not_found("No such image: " + (name ? name->familiar() : typed));
}

}  // namespace slipway
