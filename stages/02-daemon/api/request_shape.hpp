#pragma once
/// \file
/// The types of the fields of POST /containers/create, as Docker's API documents them. Every field is checked here, also
/// those that only a later module acts on: a number where text belongs is an error today, not when somebody reads it.
/// Source: https://docs.docker.com/reference/api/engine/, ContainerCreate

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// Checks the whole body: types, NUL bytes in texts (they would end a C string unseen), labels and annotations of more
/// than a mebibyte (each start and each list would carry them). Unknown fields are left alone.
/// \throws ApiError 400 that names the field
void check_shape(const nlohmann::json& body);

/// The same for the body of POST /containers/{id}/update: fields of HostConfig.
void check_update_shape(const nlohmann::json& body);

}  // namespace slipway
