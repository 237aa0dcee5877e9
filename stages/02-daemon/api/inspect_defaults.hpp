#pragma once
/// \file
/// The full shape of `docker inspect`. Docker's structs have all their fields always; a record holds what a client
/// sent. Clients read fields without asking whether they are there.

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// Config and HostConfig, completed; what means "unset" in a request (PidsLimit 0, MemorySwappiness -1) as docker
/// shows it, and what docker leaves out when it is empty left out.
nlohmann::json full_config(const nlohmann::json& config);
nlohmann::json full_host_config(const nlohmann::json& host_config);

/// NetworkSettings of a container that is in no network.
nlohmann::json empty_network_settings();
/// An entry of NetworkSettings.Networks without addresses.
nlohmann::json empty_endpoint();

}  // namespace slipway
