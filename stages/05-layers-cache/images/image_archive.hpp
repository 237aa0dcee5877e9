#pragma once
/// \file
/// The two formats in which images travel as one tar, read into one description. Only documents are read here; layers
/// stay files.
///
///   - docker-archive: `manifest.json` lists images with the names of their config and layers (`docker save`)
///   - OCI layout: `index.json` leads to manifests, and these by digest to all else (`skopeo copy … oci-archive:…`).
///     Docker's save writes both since version 25; Docker's load goes by manifest.json then, and so does this.

#include <optional>
#include <string>
#include <vector>

#include "archive_files.hpp"
#include "image_documents.hpp"
#include "image_reference.hpp"

namespace slipway {

/// A layer on its way in.
struct IncomingLayer {
  std::string path;  ///< its file in staging
  std::string name;  ///< in the archive, for messages
  Digest digest;     ///< of that file
  std::uint64_t size = 0;
  std::string media_type;  ///< empty: to be told by its content
};

/// An image on its way in.
struct IncomingImage {
  std::string config;            ///< the document
  Digest id;                     ///< its digest
  std::vector<Digest> diff_ids;  ///< bottom first; as many as layers
  std::vector<IncomingLayer> layers;
  std::optional<std::string> manifest;  ///< as it came; a docker-archive has none
  std::string manifest_type;
  std::vector<ImageReference> names;
};

/// All images of an archive. \throws Refused, ApiError 400: what is missing, wrong or does not fit
std::vector<IncomingImage> read_image_archive(const ArchiveFiles& files);

/// The parts. \throws as above
std::vector<IncomingImage> read_docker_archive(const ArchiveFiles& files);
std::vector<IncomingImage> read_oci_layout(const ArchiveFiles& files);

}  // namespace slipway
