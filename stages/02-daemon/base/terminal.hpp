#pragma once
/// \file
/// Pseudo-terminals: a pair of descriptors. What is written to the master appears as typed on the slave, which is the
/// program's terminal; what the program prints is read from the master. pty(7), pts(4)

#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// The two ends.
struct Terminal {
  UniqueFd master;
  UniqueFd slave;
};

/// In characters; 0 by 0 is "not known".
struct TerminalSize {
  unsigned short rows = 0;
  unsigned short columns = 0;
};

/// Makes one in the file system at /dev/pts of the calling process: in a container, the container's own.
/// Neither end becomes the caller's controlling terminal. \throws SysError; std::runtime_error if /dev/pts is no devpts
Terminal open_terminal();

/// Makes the slave the controlling terminal of the calling process, which leads a session that has none. \throws SysError
void control_terminal(const UniqueFd& slave);

/// \param terminal  either end \throws SysError
void set_terminal_size(int terminal, TerminalSize size);

}  // namespace slipway
