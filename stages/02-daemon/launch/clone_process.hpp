#pragma once
/// \file
/// clone3(2): the one place in Slipway where a process splits in two.

#include <sys/types.h>

#include <cstdint>

#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// The two sides of a split: in the child `pid` is 0.
struct ClonedProcess {
  pid_t pid = -1;
  UniqueFd pidfd;  ///< parent only
};

/// Splits the calling process, like fork(2), into the namespaces that `flags` (CLONE_NEW…) ask for; with CLONE_PARENT the
/// new process is its sibling. The child has its own copy of everything. Only for a process with one thread: its child may then allocate and throw.
/// \param cgroup_fd  a cgroup v2 folder to be born in (CLONE_INTO_CGROUP), or -1
/// \throws SysError: EPERM (no privilege), ENOSPC (too many namespaces: see /proc/sys/user/max_*_namespaces)
ClonedProcess clone_process(std::uint64_t flags, int cgroup_fd);

}  // namespace slipway
