#pragma once
/// \file
/// The OCI spec that the engine starts from; modules add their sections to it.
/// Spec: https://github.com/opencontainers/runtime-spec, config.md

#include <nlohmann/json.hpp>

#include "engine_module.hpp"

namespace slipway {

/// process{args, env, cwd, terminal, user root}, root "/", annotations: a plain process of the host.
nlohmann::json base_spec(const ContainerRecord& record);

/// Entrypoint and Cmd as one command line. \throws ApiError 400 if a field has a wrong type
std::vector<std::string> command_of(const nlohmann::json& config);

/// `defaults` with `wanted` over them, as Docker does: "K=v" replaces in place or appends, "K" alone takes K
/// away.
std::vector<std::string> merge_environment(std::vector<std::string> defaults,
                                           const std::vector<std::string>& wanted);

}  // namespace slipway
