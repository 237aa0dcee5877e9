#pragma once
/// \file
/// The body of POST /containers/create, checked field by field.

#include "01-cli-socket/http_server.hpp"
#include "02-daemon/engine/engine_module.hpp"

namespace slipway {

/// Reads and checks what stage 02 knows; modules check their own sections later.
/// \throws ApiError 400 that names the field
CreateRequest read_create_request(Exchange& exchange);

}  // namespace slipway
