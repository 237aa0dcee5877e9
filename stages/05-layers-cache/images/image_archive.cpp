#include "image_archive.hpp"

#include "05-layers-cache/base/refused.hpp"

namespace slipway {

std::vector<IncomingImage> read_image_archive(const ArchiveFiles& files) {
  std::vector<IncomingImage> images;
  if (files.has("manifest.json")) {
    images = read_docker_archive(files);
  } else if (files.has("index.json")) {
    images = read_oci_layout(files);
  } else {
    throw Refused(
        "no image archive: it has neither manifest.json (docker save) nor index.json (OCI layout)");
  }
  for (const IncomingImage& image : images) {
    if (image.layers.size() == image.diff_ids.size()) continue;
    throw Refused("image " + image.id.text() + ": has " + std::to_string(image.layers.size()) +
                  " layers, but its config lists " + std::to_string(image.diff_ids.size()) +
                  " in rootfs.diff_ids");
  }
  return images;
}

}  // namespace slipway
