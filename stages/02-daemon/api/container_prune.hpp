#pragma once
/// \file
/// POST /containers/prune: all containers that are down go.

#include <functional>

#include <nlohmann/json_fwd.hpp>

#include "01-cli-socket/http_message.hpp"
#include "02-daemon/engine/engine.hpp"

namespace slipway {

/// Removes what is down and passes the filters `until`, `label`, `label!`. One that cannot be removed stays, the others go.
/// One prune at a time. \returns {"ContainersDeleted": ids or null, "SpaceReclaimed": bytes}
/// \throws ApiError 400 (a filter), 409 (another prune is running)
nlohmann::json prune_containers(Engine& engine, const HttpQuery& query, Trace& trace,
                                const std::function<bool()>& keep_waiting);

}  // namespace slipway
