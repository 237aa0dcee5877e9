#pragma once
/// \file
/// What a container takes over from its image. Docker's rules: moby, daemon/commit.go "merge".

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// Completes a create request's config by the image's. What the user said wins; lists of names (Env, Labels, ExposedPorts,
/// Volumes) are joined; Cmd and Entrypoint belong together (a user's Entrypoint is not given the image's Cmd).
/// \param run_config  the image's (`Image::run_config`)
/// \param config      the request's
/// \throws ApiError 400: a field has a wrong type; `no command specified`
void complete_from_image(const nlohmann::json& run_config, nlohmann::json& config);

}  // namespace slipway
