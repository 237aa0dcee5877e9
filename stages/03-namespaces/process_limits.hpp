#pragma once
/// \file
/// `--ulimit` and `--oom-score-adj`: HostConfig.Ulimits and OomScoreAdj become process.rlimits and
/// process.oomScoreAdj. getrlimit(2), proc(5)

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// \throws ApiError 400 that names the field
void check_limits(const nlohmann::json& host_config);

/// Writes them into `process`.
void write_limits(const nlohmann::json& host_config, nlohmann::json& process);

}  // namespace slipway
