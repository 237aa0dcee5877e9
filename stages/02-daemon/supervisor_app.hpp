#pragma once
/// \file
/// The supervisor's frame. A main calls this.

namespace slipway {

/// Runs `slipway-supervisor --state DIR --ledger DIR` until SIGTERM. \returns the program's exit code
int run_supervisor(int argc, char** argv);

}  // namespace slipway
