#pragma once
/// \file
/// Images as Docker's clients want to see them.

#include <cstdint>
#include <vector>

#include <nlohmann/json.hpp>

#include "01-cli-socket/http_message.hpp"
#include "05-layers-cache/images/image.hpp"

namespace slipway {

/// An entry of GET /images/json. \param old_tags  below API 1.43: an image without a name is called "<none>:<none>"
nlohmann::json image_summary(const Image& image, bool old_tags);

/// GET /images/NAME/json. \param full_config  below API 1.50: with all fields of Config, empty ones, too
nlohmann::json image_details(const Image& image, bool full_config);

/// GET /images/NAME/history, newest first: what the config's "history" says, with the size of each layer.
/// \param layer_sizes  bytes, bottom first, one for each layer
/// \throws ApiError 500 in Docker's words if the history has more layers than the image; 400 if it is none
nlohmann::json image_history(const Image& image, const std::vector<std::uint64_t>& layer_sizes);

/// The images that pass the parameter `filters` (before, dangling, label, reference, since), in the same order.
/// \throws ApiError 400 for a bad filter, 404 if "before" or "since" name no image
std::vector<ImagePtr> filter_images(const std::vector<ImagePtr>& images,
                                    const std::string& filters);

/// Seconds since the epoch of a config's "created": RFC 3339; 0 for what is none.
std::int64_t unix_seconds(const std::string& time);

}  // namespace slipway
