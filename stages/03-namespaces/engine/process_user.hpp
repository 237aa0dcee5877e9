#pragma once
/// \file
/// `--user` and `--group-add`, the engine's half: Config.User and HostConfig.GroupAdd are checked as text and handed on
/// as annotations, because only the container's own files say who "app" is.

#include <nlohmann/json_fwd.hpp>

#include "02-daemon/engine/engine_module.hpp"

namespace slipway {

/// \throws ApiError 400 that names the field
void check_user(const CreateRequest& request);

/// Writes process.user and the annotations. Numbers stand in process.user too, for runtimes that know no annotations of
/// ours; names cannot.
void write_user(const ContainerRecord& record, nlohmann::json& spec);

}  // namespace slipway
