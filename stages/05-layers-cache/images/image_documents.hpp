#pragma once
/// \file
/// The JSON documents that an image consists of: index, manifest, config. Spec: OCI image-spec (image-index.md, manifest.md,
/// config.md); Docker's own "schema 2" types have the same fields.
///
///     index.json ──▶ manifest ──▶ config (what to run; its digest is the image's id)
///                             └─▶ layers (tars, bottom first)

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "05-layers-cache/base/digest.hpp"

namespace slipway {

inline constexpr std::string_view kOciIndexType = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kOciManifestType = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciConfigType = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kDockerIndexType =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerManifestType =
    "application/vnd.docker.distribution.manifest.v2+json";

/// The largest document that is read: 4 MiB.
inline constexpr std::uint64_t kMaxDocument = 4ULL << 20;

/// Points to a blob. Spec: descriptor.md
struct Descriptor {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;
};

/// What a manifest says.
struct Manifest {
  Descriptor config;
  std::vector<Descriptor> layers;  ///< bottom first
};

/// Parses a stranger's document. \param what  for messages ("manifest.json")
/// \throws ApiError 400: no JSON, too deep, too large, the same key twice in one object (two readers could see two images in it)
nlohmann::json parse_document(std::string_view text, std::string_view what);

/// \throws ApiError 400 that names the field
Descriptor parse_descriptor(const nlohmann::json& object, const std::string& path);

/// Reads a manifest. \param media_type  what the descriptor that led here calls it
/// \throws ApiError 400: wrong types; or it is an index as well, or calls itself something else (CVE-2021-41190)
Manifest parse_manifest(const nlohmann::json& document, std::string_view media_type,
                        std::string_view what);

/// An OCI manifest for an image that came without one.
nlohmann::json make_manifest(const Manifest& manifest);
nlohmann::json to_json(const Descriptor& descriptor);

/// The diff ids of a config, bottom first, after a check of all that the engine will read of it.
/// \throws ApiError 400 that names the field
std::vector<Digest> check_config(const nlohmann::json& document, std::string_view what);

/// "application/vnd.oci.image.layer.v1.tar+gzip" for "gzip", …
std::string layer_media_type(std::string_view filter);

}  // namespace slipway
