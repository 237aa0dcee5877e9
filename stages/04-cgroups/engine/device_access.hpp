#pragma once
/// \file
/// Which devices a container may use: `--privileged`, `--device` and `--device-cgroup-rule` as linux.resources.devices.

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// \throws ApiError 400 that names the field
void check_device_access(const nlohmann::json& host_config);

/// \param nodes  linux.devices: what `--device` became, with the numbers
nlohmann::json device_access(const nlohmann::json& host_config, const nlohmann::json& nodes);

}  // namespace slipway
