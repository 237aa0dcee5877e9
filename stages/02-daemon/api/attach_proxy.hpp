#pragma once
/// \file
/// The engine between an attached client and the container's shim: bytes both ways until the container has no more to say.

#include "01-cli-socket/raw_stream.hpp"

namespace slipway {

/// Copies until the shim ends its side or the client is gone. The client's end of input is passed on; its output goes on.
/// \returns true if it was the shim
bool proxy_attach(RawStream& client, RawStream& shim);

}  // namespace slipway
