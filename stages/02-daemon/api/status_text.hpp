#pragma once
/// \file
/// A container's state in the words of `docker ps`.

#include <cstdint>
#include <string>

#include "02-daemon/engine/containers.hpp"

namespace slipway {

/// "Up 5 minutes", "Exited (0) 2 hours ago".
std::string status_text(const ContainerState& state);

/// Seconds since the epoch of an RFC 3339 time of ours ("2025-06-01T12:00:00.…Z"); 0 for what is none.
std::int64_t unix_seconds_of(const std::string& time);

}  // namespace slipway
