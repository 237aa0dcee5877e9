#pragma once
/// \file
/// The supervisor's routes. `curl --unix-socket EXEC_ROOT/supervisor.sock http://x/tasks` asks it what it knows.

#include <memory>

#include "01-cli-socket/http_server.hpp"
#include "01-cli-socket/router.hpp"
#include "task_table.hpp"

namespace slipway {

/// Adds all routes. `tasks` outlives the router; `server` is set before the first request.
void add_supervisor_routes(Router& router, TaskTable& tasks,
                           const std::unique_ptr<HttpServer>& server);

}  // namespace slipway
