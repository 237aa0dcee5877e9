#pragma once
/// \file
/// What an end means: the exit code in words, and by whose doing.

#include <string>
#include <vector>

#include "02-daemon/task/task_files.hpp"

namespace slipway {

/// Sentences about an end that is on record. \param name  the container's, for commands to try
std::vector<std::string> exit_meaning(const ExitRecord& end, const std::string& name);
/// What docker's exit code for a start that failed says of it: "127: the command was not found".
std::string failed_start_meaning(int exit_code);

}  // namespace slipway
