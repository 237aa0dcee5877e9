#pragma once
/// \file
/// Containers as Docker's clients want to see them: the JSON of inspect and of lists.

#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "01-cli-socket/http_message.hpp"
#include "02-daemon/engine/engine.hpp"

namespace slipway {

/// GET /containers/ID/json: this stage's sections, completed by every module. Parameter: size.
nlohmann::json inspect_container(const Engine& engine, const Container& container,
                                 const HttpRequest& request);

/// GET /containers/json with its parameters (all, limit, filters, size).
/// \throws ApiError 400 for a bad filter, 404 if "before" or "since" name no container
/// \param sink  gets the entries, one by one: ten thousand of them at once would fill fresh memory only to be written out
void list_containers(const Engine& engine, const HttpRequest& request,
                     const std::function<void(nlohmann::json entry)>& sink);
/// The same as the answer's text.
std::string containers_text(const Engine& engine, const HttpRequest& request);

/// The state at this moment.
ContainerState state_of(const Container& container);
/// HostConfig.NetworkMode; "default" if it was not said.
std::string network_mode_of(const ContainerRecord& record);
/// NetworkSettings.Networks, as far as it follows from the network mode: "none" and "host" are networks, too.
nlohmann::json networks_of(const ContainerRecord& record);
/// Takes out of an endpoint what the request's version does not know.
void fit_endpoint_to_version(const HttpRequest& request, nlohmann::json& endpoint);
/// SizeRw and SizeRootFs, as the modules count them.
nlohmann::json sizes_of(const Engine& engine, const ContainerRecord& record);

}  // namespace slipway
