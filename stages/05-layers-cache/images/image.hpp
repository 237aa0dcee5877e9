#pragma once
/// \file
/// An image as the engine knows it.

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "image_documents.hpp"
#include "image_reference.hpp"

namespace slipway {

/// One image; immutable once it is in the store.
struct Image {
  Digest id;  ///< the digest of its config: Docker's classic rule
  Descriptor manifest;
  std::vector<Descriptor>
      blobs;  ///< as they came: the layers, in the order of `layers`, then the config
  std::vector<Digest> layers;         ///< diff ids, bottom first
  nlohmann::json config;              ///< the config document
  std::vector<ImageReference> names;  ///< tags; may be none
  std::uint64_t size = 0;             ///< bytes of all layers, unpacked
  bool removed =
      false;  ///< removed by force while stopped containers need it: kept for them, shown to nobody

  /// The object "config" in the config document (Cmd, Env, …); an empty one if there is none.
  [[nodiscard]] nlohmann::json run_config() const {
    const auto found = config.find("config");
    return found != config.end() && found->is_object() ? *found : nlohmann::json::object();
  }
  [[nodiscard]] std::string created() const {
    return config.value("created", "0001-01-01T00:00:00Z");
  }
};

using ImagePtr = std::shared_ptr<const Image>;

}  // namespace slipway
