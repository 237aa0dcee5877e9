#pragma once
/// \file
/// A trace as a story: what `--explain` prints.

#include <cstdint>
#include <string>
#include <vector>

#include "trace.hpp"

namespace slipway {

/// How `--explain` tells it.
enum class ExplainMode {
  off,
  story,  ///< a line a step
  by_hand,  ///< with the shell command that does the same under each step that has one (`--explain=by-hand`)
  json,  ///< for programs: one line, an array (`--explain=json`)
};

/// The steps in order of time, one line each: when, how long, who (indented by how far the box is from the person),
/// the call with its arguments, the result if it is more than "ok", and the stage and step where its code stands.
/// A step that encloses others (a request) comes before them, with its whole duration.
/// \param title     what was run ("slipway run")
/// \param start_us  CLOCK_MONOTONIC when it began: time zero of the story
/// \param end_us    when it ended
std::string explain_story(const std::string& title, std::vector<TraceStep> steps,
                          std::int64_t start_us, std::int64_t end_us,
                          ExplainMode mode = ExplainMode::story);

}  // namespace slipway
