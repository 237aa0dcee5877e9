#pragma once
/// \file
/// A create request is Docker's whole document from the first day; what an engine acts on depends on its modules. Whoever
/// asks for more is told so: a limit that is not there is a warning, never silence.

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// One warning for each field of `host_config` that asks for something and that nobody has claimed. Values by which
/// clients say "nothing asked" (null, false, 0, -1, "", [], {} and objects of such) count as unset.
/// \param claimed  the fields that some module acts on
/// \throws ApiError 400 for devices that need a driver (`--gpus`)
std::vector<std::string> unclaimed_fields(const nlohmann::json& host_config,
                                          const std::vector<std::string_view>& claimed);

/// The same for what NetworkingConfig says of the networks to join; `claimed` are fields of the body.
std::vector<std::string> unclaimed_endpoints(const nlohmann::json& networking_config,
                                             const std::vector<std::string_view>& claimed);

/// The same for fields of the body itself that say who and where the process shall be. A name that nobody sets is a
/// warning; a user that nobody changes to is refused: the command would run with the engine's own rights.
/// \throws ApiError 400 that names the field
std::vector<std::string> unclaimed_config(const nlohmann::json& config,
                                          const std::vector<std::string_view>& claimed);

}  // namespace slipway
