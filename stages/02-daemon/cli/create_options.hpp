#pragma once
/// \file
/// Flags of `run` that are more than one field, or that exclude each other. What can be told without the engine is told
/// before anything is sent, in the words of docker's client.

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// `--security-opt`: the text of a seccomp profile goes in place of its file's name; "systempaths=unconfined" is two
/// empty lists of paths. \throws std::runtime_error
void add_security_options(const std::vector<std::string>& options, nlohmann::json& host_config);

/// `--no-healthcheck`. \throws std::runtime_error if the body asks for a health check
void add_no_healthcheck(nlohmann::json& body);

/// Refuses what contradicts itself. \throws std::runtime_error that names the flags
void check_create_body(const nlohmann::json& body);

}  // namespace slipway
