#pragma once
/// \file
/// What root may do in a container: HostConfig.Privileged, CapAdd, CapDrop, SecurityOpt, MaskedPaths, ReadonlyPaths.

#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "02-daemon/engine/engine_module.hpp"

namespace slipway {

/// The fields of HostConfig that this file acts on.
std::vector<std::string_view> power_fields();

/// Refuses what it does not know, warns of what has no effect here, and fills in the lists of paths, so that inspect
/// shows them. \throws ApiError 400 that names the field
void check_powers(CreateRequest& request);

/// Writes process.capabilities, process.noNewPrivileges, linux.maskedPaths and linux.readonlyPaths.
void write_powers(const nlohmann::json& host_config, nlohmann::json& spec);

}  // namespace slipway
