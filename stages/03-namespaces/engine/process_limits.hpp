#pragma once
/// \file
/// `--ulimit` and `--oom-score-adj`: HostConfig.Ulimits and OomScoreAdj become process.rlimits and
/// process.oomScoreAdj. getrlimit(2), proc(5)

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// Refuses what makes no sense, and warns of what this engine may not do: raising a hard limit or lowering the score
/// needs CAP_SYS_RESOURCE, and then the container starts with what is allowed.
/// \throws ApiError 400 that names the field
void check_limits(const nlohmann::json& host_config, std::vector<std::string>& warnings);

/// Writes them into `process`.
void write_limits(const nlohmann::json& host_config, nlohmann::json& process);

}  // namespace slipway
