#pragma once
/// \file
/// `--tmpfs PATH[:OPTIONS]`: HostConfig.Tmpfs. Folders in memory that end with the container.

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// \throws ApiError 400 that names the field: paths that are not absolute or "/", options that are no tmpfs's
void check_tmpfs(const nlohmann::json& host_config);

/// Adds them to the spec's mounts, in place of a default mount of the same destination, parents before children.
void add_tmpfs(const nlohmann::json& host_config, nlohmann::json& mounts);

}  // namespace slipway
