// The OCI image layout in a tar. Spec: OCI image-spec, image-layout.md.

#include "01-cli-socket/json_fields.hpp"
#include "05-layers-cache/base/refused.hpp"
#include "image_archive.hpp"
#include "image_index.hpp"

namespace slipway {
namespace {

using nlohmann::json;

constexpr int kMaxIndexDepth = 4;
constexpr std::string_view kDockerConfigType = "application/vnd.docker.container.image.v1+json";
#if defined(__aarch64__)
constexpr std::string_view kArchitecture = "arm64";
#else
constexpr std::string_view kArchitecture = "amd64";
#endif

bool is_index(std::string_view type) { return type == kOciIndexType || type == kDockerIndexType; }
bool is_manifest(std::string_view type) {
  return type == kOciManifestType || type == kDockerManifestType;
}

/// True for this machine's kind, and where nothing is said.
bool fits_this_machine(const JsonFields& descriptor) {
  const JsonFields platform = descriptor.object("platform");
  return platform.text("os", "linux") == "linux" &&
         platform.text("architecture", kArchitecture) == kArchitecture;
}

/// The name that a descriptor carries. OCI allows more than Docker ("latest" alone, "v1+build"):
/// such an image comes in without a name.
std::optional<ImageReference> name_of(const JsonFields& descriptor) {
  const JsonFields notes = descriptor.object("annotations");
  std::string name = notes.text(kImageNameAnnotation);
  if (name.empty()) name = notes.text(kRefNameAnnotation);
  if (name.empty() || name == "latest") return std::nullopt;
  const auto reference = ImageReference::maybe_parse(name);
  return reference ? std::optional(reference->with_default_tag()) : std::nullopt;
}

IncomingImage read_image(const ArchiveFiles& files, const Descriptor& descriptor) {
  const std::string what = descriptor.digest.text();
  IncomingImage image{.config = {}, .id = descriptor.digest};
  image.manifest = files.text(files.blob(descriptor.digest, descriptor.size), what);
  image.manifest_type = descriptor.media_type;
  const Manifest manifest =
      parse_manifest(parse_document(*image.manifest, what), descriptor.media_type, what);
  const std::string& type = manifest.config.media_type;
  if (type != kOciConfigType && type != kDockerConfigType) {
    throw Refused(what + ": is no image to run: its config is of the type \"" + type + "\"");
  }
  image.id = manifest.config.digest;
  const std::string config_name = image.id.text();
  image.config = files.text(files.blob(image.id, manifest.config.size), config_name);
  image.diff_ids = check_config(parse_document(image.config, config_name), config_name);
  for (const Descriptor& layer : manifest.layers) {
    image.layers.push_back({.path = files.path(files.blob(layer.digest, layer.size)),
                            .name = "blobs/sha256/" + layer.digest.hex(),
                            .digest = layer.digest,
                            .size = layer.size,
                            .media_type = layer.media_type});
  }
  return image;
}

/// The image that an index's descriptor leads to, over further indexes; nothing if it is for other
/// machines.
std::optional<IncomingImage> follow(const ArchiveFiles& files, const json& object,
                                    const std::string& path, int depth) {
  const JsonFields fields(object, path);
  const Descriptor descriptor = parse_descriptor(object, path);
  if (!fits_this_machine(fields)) return std::nullopt;
  if (is_manifest(descriptor.media_type)) return read_image(files, descriptor);
  if (!is_index(descriptor.media_type)) {
    throw Refused(path + ": \"" + descriptor.media_type + "\" is neither a manifest nor an index");
  }
  if (depth == kMaxIndexDepth) throw Refused(path + ": indexes are nested too deep");
  const std::string what = descriptor.digest.text();
  const json index =
      parse_document(files.text(files.blob(descriptor.digest, descriptor.size), what), what);
  const JsonFields inner(index, what);
  if (inner.has("layers")) throw Refused(what + ": is a manifest and an index at once");
  for (const json& entry : inner.array("manifests")) {
    if (auto image = follow(files, entry, what + ".manifests", depth + 1)) return image;
  }
  return std::nullopt;
}

}  // namespace

std::vector<IncomingImage> read_oci_layout(const ArchiveFiles& files) {
  const std::string name = "index.json";
  const json index = parse_document(files.text(files.file(name), name), name);
  const JsonFields fields(index, name);
  if (fields.has("layers")) throw Refused(name + ": is a manifest and an index at once");
  std::vector<IncomingImage> images;
  for (const json& entry : fields.array("manifests")) {
    auto image = follow(files, entry, name + ".manifests", 0);
    if (!image) continue;
    if (auto called = name_of(JsonFields(entry))) image->names.push_back(std::move(*called));
    images.push_back(std::move(*image));
  }
  if (images.empty()) {
    throw Refused("the archive has no image for linux/" + std::string(kArchitecture));
  }
  return images;
}

}  // namespace slipway
