#pragma once
/// \file
/// GET /containers/ID/logs.

#include "01-cli-socket/http_server.hpp"
#include "02-daemon/engine/engine.hpp"

namespace slipway {

/// Streams a container's log: parameters stdout, stderr, follow, tail, since, until, timestamps.
/// \param stopping  asked from time to time while following
/// \throws ApiError 400, 404
void serve_logs(Exchange& exchange, const Engine& engine, const std::function<bool()>& stopping);

}  // namespace slipway
