#pragma once
/// \file
/// GET /system/df: what takes up the disk.

#include <nlohmann/json_fwd.hpp>

#include "01-cli-socket/http_message.hpp"
#include "02-daemon/engine/engine.hpp"

namespace slipway {

/// Parameter `type` (API 1.42: container, image, volume, build-cache; repeatable; none: all).
/// \throws ApiError 400 for another type
nlohmann::json disk_usage(const Engine& engine, const HttpRequest& request);

}  // namespace slipway
