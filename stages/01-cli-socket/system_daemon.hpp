#pragma once
/// \file
/// The daemon of this stage: it can say who it is, and nothing else.

namespace slipway {

/// Serves `_ping`, `version` and `info` until SIGTERM. Stage 02 puts the engine in its place, on the same frame
/// (daemon_app.hpp). \returns the program's exit code
int run_system_daemon(int argc, char** argv);

}  // namespace slipway
