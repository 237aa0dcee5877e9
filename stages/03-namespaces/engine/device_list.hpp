#pragma once
/// \file
/// `--device` and what `--privileged` means for devices: HostConfig.Devices becomes linux.devices, the nodes that the
/// runtime makes.

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// \throws ApiError 400 that names the field
void check_devices(const nlohmann::json& host_config);

/// The nodes as they are on the host now: numbers, mode and owner. A folder stands for all devices in it. A privileged
/// container gets all of the host's.
/// \throws ApiError 500 `error gathering device information while adding custom device "X": …`
nlohmann::json device_nodes(const nlohmann::json& host_config);

}  // namespace slipway
