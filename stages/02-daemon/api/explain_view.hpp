#pragma once
/// \file
/// GET /containers/ID/explain: the story of a container, for people. Ours alone, docker has no such request.

#include <nlohmann/json_fwd.hpp>

#include "02-daemon/engine/engine.hpp"

namespace slipway {

/// {"Id", "Name", "Before": sentences, "Steps": of the latest start (see trace.hpp), "After": sentences}: what it is, how it
/// was started, and what became of it, as far as it is on record.
nlohmann::json explain_container(Engine& engine, const Container& container);

}  // namespace slipway
