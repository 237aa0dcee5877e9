#pragma once
/// \file
/// The launch steps of a plain process: its session, its working directory, its program. Later stages put
/// walls around the process first, and these then happen inside.

#include <iterator>
#include <string>
#include <vector>

#include "launch_step.hpp"

namespace slipway {

/// "session", "terminal", "directory", "program".
LaunchSteps process_steps();

/// Joins lists of steps, for mains.
template <class... Lists>
LaunchSteps join_steps(Lists... lists) {
  LaunchSteps all;
  (std::move(lists.begin(), lists.end(), std::back_inserter(all)), ...);
  return all;
}

/// Finds a command as execvp(3) would: a name with a slash is a path, any other is looked for in the PATH of `env`.
/// Runs in the world in which the path is meant (in the container's root, as its user).
/// \throws CommandError in docker's words: `exec: "x": executable file not found in $PATH`, `exec: "/x": stat /x: no such
/// file or directory`, `exec: "/x": permission denied`
std::string find_program(const std::string& command, const std::vector<std::string>& env);

}  // namespace slipway
