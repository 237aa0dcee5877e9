#pragma once
/// \file
/// Unix sockets: the doors of every box. unix(7). Path names only, never abstract names: those would be
/// reachable from a container that shares the host's network (CVE-2020-15257).

#include <sys/types.h>

#include <string>

#include "unique_fd.hpp"

namespace slipway {

/// Makes a listening socket at `path` (close-on-exec). A socket file that nobody listens on is replaced;
/// paths longer than sockaddr_un allows (107 bytes) work, through their folder's descriptor.
/// \param mode   the file's mode, set before anyone can connect
/// \param group  the file's group; (gid_t)-1 leaves it
/// \throws SysError; with EADDRINUSE if another process listens there
UniqueFd listen_unix(const std::string& path, mode_t mode, gid_t group = static_cast<gid_t>(-1));

/// Connects to `path`. \throws SysError (ENOENT: no such socket, ECONNREFUSED: nobody listens)
UniqueFd connect_unix(const std::string& path);

/// The next connection, close-on-exec. \throws SysError (EINVAL once the listener was shut down)
UniqueFd accept_unix(int listener);

}  // namespace slipway
