#pragma once
/// \file
/// Ids and names of containers.

#include <string>

namespace slipway {

/// 64 random hex digits whose first twelve are not all decimal: those become a hostname, and a hostname of digits
/// only reads as a number. \throws SysError
std::string random_id();

/// A random name such as "brave_hopper".
std::string random_name();

/// \throws ApiError 400 in docker's words unless it matches [a-zA-Z0-9][a-zA-Z0-9_.-]+
void check_container_name(const std::string& name);

}  // namespace slipway
