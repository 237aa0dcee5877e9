#pragma once
/// \file
/// Has the client of a long answer left?

#include <poll.h>

#include "01-cli-socket/http_server.hpp"

namespace slipway {

/// True once the client has closed its connection. One that only ended its own half (POLLRDHUP) is still there, and
/// waits for its answer.
inline bool client_left(const Exchange& exchange) {
  pollfd connection{.fd = exchange.fd(), .events = 0, .revents = 0};
  return ::poll(&connection, 1, 0) > 0;
}

}  // namespace slipway
