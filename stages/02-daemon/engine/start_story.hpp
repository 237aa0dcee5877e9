#pragma once
/// \file
/// The story of a container's latest start, for `slipway explain`: a small file in the container's folder. It is written
/// when the start is over, well or not, and not synced: it is worth reading, and worth no promise. Containers that remove
/// themselves at their end keep none.

#include <optional>
#include <string>
#include <vector>

#include "01-cli-socket/trace.hpp"

namespace slipway {

struct StartStory {
  std::string began_at;          ///< RFC 3339
  std::string error{};           ///< why it failed; empty if it did not
  std::string advice{};          ///< and where, and what to try
  std::vector<TraceStep> steps;  ///< of all boxes, with their by-hand lines
};

/// \param folder  the container's. A failure is logged: no start fails because its story is lost
void save_start_story(const std::string& folder, const StartStory& story) noexcept;
/// Nothing if there is none, or none that can be read.
std::optional<StartStory> read_start_story(const std::string& folder);

}  // namespace slipway
