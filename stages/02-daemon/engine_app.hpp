#pragma once
/// \file
/// The engine's frame: flags, sockets, signals, supervisor, modules, serving. A main lists its modules and calls this.

#include "02-daemon/engine/engine_module.hpp"

namespace slipway {

/// Runs `slipwayd` until SIGTERM or SIGINT. dockerd's flags: `-H unix://PATH` (repeatable), `--data-root`,
/// `--exec-root`, `--pidfile`, `--debug`. \returns the program's exit code
int run_engine(int argc, char** argv, EngineModules modules);

}  // namespace slipway
