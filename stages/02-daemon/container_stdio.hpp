#pragma once
/// \file
/// The container's standard streams: pipes between its first process and the shim.

#include <array>

#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// Both ends of the three streams. The shim's ends do not block; the child's do, as programs expect.
struct StdioPipes {
  std::array<UniqueFd, 3> child;  ///< become 0, 1 and 2 of the container
  UniqueFd stdin_writer;          ///< none if the container's stdin is /dev/null
  UniqueFd stdout_reader;
  UniqueFd stderr_reader;
};

/// \param open_stdin  false: the container's stdin is /dev/null  \throws SysError
StdioPipes make_stdio_pipes(bool open_stdin);

}  // namespace slipway
