#pragma once
/// \file
/// A process's standard streams: pipes between it and the shim, or its terminal.

#include <array>

#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// Both ends of the three streams. The shim's ends do not block; the child's do, as programs expect.
struct StdioPipes {
  std::array<UniqueFd, 3> child;  ///< become 0, 1 and 2 of the process
  UniqueFd stdin_writer;          ///< none if the process's stdin is /dev/null
  UniqueFd stdout_reader;
  UniqueFd stderr_reader;  ///< none with a terminal, where all output is one stream
};

/// \param open_stdin  false: the container's stdin is /dev/null  \throws SysError
StdioPipes make_stdio_pipes(bool open_stdin);

/// What a process with a terminal has until the step "terminal": /dev/null three times, and nothing for the shim.
StdioPipes no_stdio_pipes();

/// The shim's ends of a terminal: the same master for input and for output. \throws SysError
void take_terminal(StdioPipes& pipes, const UniqueFd& master);

}  // namespace slipway
