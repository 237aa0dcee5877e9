#pragma once
/// \file
/// A whole Dockerfile: its stages, each a FROM and what follows.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "instruction.hpp"

namespace slipway {

/// From one FROM to the next.
struct BuildStage {
  std::string name;  ///< lower case, from AS; empty without
  Instruction from;
  std::vector<Instruction> steps;
};

struct Dockerfile {
  std::vector<Instruction> arguments;  ///< the ARGs before the first FROM
  std::vector<BuildStage> stages;      ///< at least one

  /// The stage by its name or number; nothing if there is none.
  [[nodiscard]] std::optional<std::size_t> find_stage(std::string_view name) const;
};

/// \throws DockerfileError with line and column: also for an empty file, a step before FROM, a stage's name used twice
Dockerfile parse_dockerfile(std::string_view file);

}  // namespace slipway
