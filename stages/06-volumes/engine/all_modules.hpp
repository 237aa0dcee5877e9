#pragma once
/// \file
/// The engine's modules up to this stage, in the order in which they see a request.

#include "02-daemon/engine/engine_module.hpp"

namespace slipway {

EngineModules modules_with_volumes();

}  // namespace slipway
