#pragma once
/// \file
/// The routes of containers: each turns a request into one call of the engine.

#include <memory>

#include "01-cli-socket/http_server.hpp"
#include "01-cli-socket/router.hpp"
#include "02-daemon/engine/engine.hpp"

namespace slipway {

/// Adds `/containers/…`. `engine` outlives the router; `server` is set before the first request.
/// \param exec_root  the engine's
void add_container_routes(Router& router, Engine& engine, const std::unique_ptr<HttpServer>& server,
                          const std::string& exec_root);

}  // namespace slipway
