#pragma once
/// \file
/// What a person is told of a launch that failed, beside the message: where it happened, and what to try.

#include <exception>
#include <string>
#include <string_view>

namespace slipway {

class LaunchStep;

/// "step 'mounts' (stage 03) failed in the container, before its program" and "try: …": the step's own advice, or what
/// there is to say of such an error in general.
/// \param phase  "prepare", "parent" or "child"
std::string launch_advice(const LaunchStep& step, std::string_view phase,
                          const std::exception& error);
/// The same for execve(2) itself. \param program  its path in the container
std::string exec_advice(const std::string& program, int error);

}  // namespace slipway
