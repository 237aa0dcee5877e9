#pragma once
/// \file
/// Containers as Docker's clients want to see them: the JSON of inspect and of lists.

#include <nlohmann/json.hpp>

#include "01-cli-socket/http_message.hpp"
#include "engine.hpp"

namespace slipway {

/// GET /containers/ID/json: this stage's sections, completed by every module.
nlohmann::json inspect_container(const Engine& engine, const Container& container);

/// GET /containers/json with its parameters (all, limit, filters, size).
/// \throws ApiError 400 for a bad filter
nlohmann::json list_containers(const Engine& engine, const HttpQuery& query);

}  // namespace slipway
