#pragma once
/// \file
/// Processes by descriptor: a pid number is used again after its process, a pidfd never is (02-I7).
/// pidfd_open(2); glibc 2.36 has no wrappers that C++ can link.

#include <sys/types.h>

#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// \param pid  of a process that cannot have been reaped yet  \throws SysError (ESRCH: there is none)
UniqueFd open_pidfd(pid_t pid);

/// Nothing if there is no descriptor, or the process has ended.
void send_signal(const UniqueFd& pidfd, int signal) noexcept;

/// Waits until the process has ended; one without a descriptor has. \param milliseconds  -1: for ever
/// \returns false if it still runs then
bool wait_until_ended(const UniqueFd& pidfd, int milliseconds);

}  // namespace slipway
