#pragma once
/// \file
/// The limits of a create or an update request: what is refused, what earns a warning, and how they become
/// linux.resources of the OCI spec.

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "host_support.hpp"

namespace slipway {

/// The fields of HostConfig that limits are.
std::vector<std::string_view> limit_fields();

/// Refuses what cannot be, in docker's words; drops what the kernel has not, with a warning; fills in what docker fills in.
/// \param update  of a container that is there: some fields may then stand alone
/// \throws ApiError 400
void check_limits_of(nlohmann::json& host_config, const HostSupport& support, bool update,
                     std::vector<std::string>& warnings);

/// Takes over from an update request what it asks for: a zero, an empty text or null changes nothing.
/// \throws ApiError 409 for what contradicts a limit that is set already
void merge_limits(const nlohmann::json& changes, nlohmann::json& host_config);

/// linux.resources without devices; the block devices' numbers are looked up now. \throws ApiError 500
nlohmann::json resources_section(const nlohmann::json& host_config);

}  // namespace slipway
