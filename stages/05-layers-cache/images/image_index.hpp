#pragma once
/// \file
/// index.json of the store: names to manifests. Spec: OCI image-spec, image-index.md and
/// annotations.md.

#include <optional>
#include <string>
#include <vector>

#include "image.hpp"

namespace slipway {

/// "busybox:latest": the name that skopeo finds an image by (`oci:FOLDER:busybox:latest`).
inline constexpr std::string_view kRefNameAnnotation = "org.opencontainers.image.ref.name";
/// "docker.io/library/busybox:latest": the same for containerd's tools, and in what `docker save`
/// writes.
inline constexpr std::string_view kImageNameAnnotation = "io.containerd.image.name";

/// One descriptor of the index.
struct IndexEntry {
  Descriptor manifest;
  std::optional<ImageReference> name;
  bool removed = false;  ///< as `Image::removed`
};

/// \throws std::runtime_error if it is damaged: then nothing may be removed as unused
std::vector<IndexEntry> parse_index(const std::string& text);
/// The reverse.
std::string make_index(const std::vector<IndexEntry>& entries);
/// An image's entries: one for each name, one without for an image that has none.
std::vector<IndexEntry> entries_of(const Image& image);

/// Docker's order: the whole id, then a name, then the beginning of an id ("sha256:" may be left
/// out). Removed images are not found. \throws ApiError 404 `No such image: X`
ImagePtr find_image(const std::vector<ImagePtr>& images, const std::string& typed);

}  // namespace slipway
