#pragma once
/// \file
/// `--init`: a small first process for containers whose program was not written to be one. pid_namespaces(7): signals
/// without a handler do not reach pid 1, and orphans become its children, which nobody else can reap.

namespace slipway {

/// Runs `slipway-init [--] COMMAND [ARGUMENT…]`: starts the command, hands every signal on to it, reaps whatever ends, and
/// ends when the command does, with its exit code (128 + n if signal n ended it). Says on stderr why a command cannot run.
/// \returns the exit code; 127 or 126 for what cannot run, 125 for a wrong use
int run_init(int argc, char** argv);

}  // namespace slipway
