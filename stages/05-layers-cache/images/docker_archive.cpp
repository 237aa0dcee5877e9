// The format of `docker save`. Spec: moby, image/spec/v1.2.md "Combined Image JSON + Filesystem Changeset Format".

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "05-layers-cache/base/entry_name.hpp"
#include "05-layers-cache/base/refused.hpp"
#include "image_archive.hpp"

namespace slipway {
namespace {

using nlohmann::json;

/// A config that is named for its digest must have it: "<64 hex>.json", "blobs/sha256/<64 hex>".
void check_config_name(const std::string& name, const Digest& digest) {
  const std::size_t slash = name.rfind('/');
  std::string base = name.substr(slash == std::string::npos ? 0 : slash + 1);
  if (base.ends_with(".json")) base.resize(base.size() - 5);
  const auto claimed = Digest::from_hex(base);
  if (claimed && *claimed != digest) {
    throw Refused("bad digest: the content of " + name + " has the digest " + digest.text());
  }
}

IncomingLayer read_layer(const ArchiveFiles& files, const std::string& name) {
  const ArchiveMember& member = files.file(clean_entry_name(name));
  return {.path = files.path(member),
          .name = name,
          .digest = *member.digest,
          .size = member.size,
          .media_type = {}};
}

IncomingImage read_image(const ArchiveFiles& files, const JsonFields& entry) {
  const std::string config_name = clean_entry_name(entry.text("Config"));
  const ArchiveMember& config = files.file(config_name);
  check_config_name(config_name, *config.digest);
  IncomingImage image{.config = files.text(config, config_name), .id = *config.digest};
  image.diff_ids = check_config(parse_document(image.config, config_name), config_name);
  for (const std::string& name : entry.texts("Layers")) {
    image.layers.push_back(read_layer(files, name));
  }
  for (const std::string& tag : entry.texts("RepoTags")) {
    const ImageReference name = ImageReference::parse(tag);
    if (!name.tag()) throw bad_request(entry.path_of("RepoTags") + ": \"" + tag + "\" has no tag");
    image.names.push_back(name);
  }
  return image;
}

}  // namespace

std::vector<IncomingImage> read_docker_archive(const ArchiveFiles& files) {
  const std::string name = "manifest.json";
  const json list = parse_document(files.text(files.file(name), name), name);
  if (!list.is_array()) throw Refused(name + ": expected an array of images");
  std::vector<IncomingImage> images;
  for (std::size_t i = 0; i < list.size(); ++i) {
    images.push_back(read_image(files, JsonFields(list[i], name + "[" + std::to_string(i) + "]")));
  }
  return images;
}

}  // namespace slipway
