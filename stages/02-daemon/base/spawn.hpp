#pragma once
/// \file
/// The one way in which the engine and the supervisor start programs. They have threads, so they never fork: a child
/// of a threaded process may find any lock taken. posix_spawn(3) (vfork inside) also costs the same whatever our size.

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// A program to start.
struct SpawnRequest {
  std::string program;            ///< path of the program; no search
  std::vector<std::string> args;  ///< argv[1…]
  /// Descriptors that the child gets: {ours, its number}. All others are closed by close-on-exec.
  std::vector<std::pair<int, int>> descriptors;
  std::string shown_as{};    ///< argv[0], what ps(1) shows; empty: the path
  bool new_session = false;  ///< setsid: no terminal, no signals of ours
};

/// A child of ours: its pid and a descriptor that becomes readable when it has ended.
struct SpawnedProcess {
  pid_t pid = -1;
  UniqueFd pidfd;
};

/// Starts it. stdin, stdout and stderr that are not named become /dev/null. \throws SysError
SpawnedProcess spawn(const SpawnRequest& request);

/// Waits for its end and reaps it. \returns the exit code, or 128 + the signal's number. \throws SysError
int wait_for_exit(const SpawnedProcess& process);

/// The path of a sibling program: the folder of the running program + `name`. \throws SysError
std::string sibling_program(const std::string& name);

}  // namespace slipway
