#pragma once
/// \file
/// GET /events: what happens, as it happens.

#include <functional>

#include "01-cli-socket/http_server.hpp"
#include "02-daemon/base/filters.hpp"
#include "02-daemon/engine/event_log.hpp"

namespace slipway {

/// True if the event passes: docker's rules. An object is meant by its name or the beginning of its id, a label as in
/// lists, `exec_create`, `exec_start` and `health_status` without what stands behind the colon.
bool passes(const Event& event, const Filters& filters);

/// Sends the head at once, then a line of JSON for each event: those of the past if `since` or `until` asks for them, then
/// what comes. Ends at `until`, when the client leaves, or when `stopping` says so. \throws ApiError 400
void serve_events(Exchange& exchange, const EventLog& events,
                  const std::function<bool()>& stopping);

}  // namespace slipway
