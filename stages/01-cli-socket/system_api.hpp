#pragma once
/// \file
/// The routes that every engine has, whatever it can do: who are you, which version, which host. And the answers of
/// an engine outside a swarm to clients that ask about swarms and plugins.

#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "http_message.hpp"
#include "router.hpp"

namespace slipway {

/// What the engine adds to the system's routes.
struct SystemOptions {
  std::string data_root;  ///< "Docker Root Dir" of `info`
  bool debug = false;
  /// Completes the answer of GET /info (counts, drivers); called for each request, from many threads. May be empty.
  std::function<void(nlohmann::json& info)> describe;
};

/// Adds `/_ping`, `/version`, `/info`, OPTIONS, and the swarm and plugin routes.
/// \param router   the table; the handlers live in it
/// \param options  copied
void add_system_routes(Router& router, SystemOptions options);

/// The headers that Docker's clients expect with every answer: Api-Version, Docker-Experimental, Ostype, Server.
HttpHeaders standard_headers();

}  // namespace slipway
