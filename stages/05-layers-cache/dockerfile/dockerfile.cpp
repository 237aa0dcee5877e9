#include "dockerfile.hpp"

#include <algorithm>
#include <charconv>

#include "words.hpp"

namespace slipway {
namespace {

/// [a-z][a-z0-9-_.]*
bool is_stage_name(std::string_view name) {
  return name.front() >= 'a' && name.front() <= 'z' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") ==
             std::string_view::npos;
}

std::string stage_name(const Dockerfile& file, const Instruction& from) {
  if (from.words.size() < 3) return {};
  std::string name = lower(from.words[2]);
  if (!is_stage_name(name)) {
    throw DockerfileError(from.at, "invalid name for build stage: \"" + name +
                                       "\", name can't start with a number or contain symbols");
  }
  if (file.find_stage(name)) {
    throw DockerfileError(from.at, "duplicate name for build stage: \"" + name + "\"");
  }
  return name;
}

void add(Dockerfile& file, Instruction&& instruction) {
  if (instruction.keyword == Keyword::from) {
    std::string name = stage_name(file, instruction);
    file.stages.push_back({std::move(name), std::move(instruction), {}});
  } else if (!file.stages.empty()) {
    file.stages.back().steps.push_back(std::move(instruction));
  } else if (instruction.keyword == Keyword::arg) {
    file.arguments.push_back(std::move(instruction));
  } else {
    throw DockerfileError(instruction.at, "no build stage in current context: " +
                                              std::string(name_of(instruction.keyword)) +
                                              " stands before the first FROM");
  }
}

}  // namespace

std::optional<std::size_t> Dockerfile::find_stage(std::string_view name) const {
  std::size_t number = 0;
  const auto end = name.data() + name.size();
  if (const auto read = std::from_chars(name.data(), end, number);
      read.ec == std::errc() && read.ptr == end) {
    return number < stages.size() ? std::optional(number) : std::nullopt;
  }
  const auto found = std::find_if(stages.begin(), stages.end(), [&](const BuildStage& stage) {
    return !stage.name.empty() && stage.name == lower(name);
  });
  if (found == stages.end()) return std::nullopt;
  return static_cast<std::size_t>(found - stages.begin());
}

Dockerfile parse_dockerfile(std::string_view file) {
  const LogicalLines lines = split_lines(file);
  Dockerfile result;
  for (const LogicalLine& line : lines.lines) add(result, parse_instruction(line, lines.escape));
  if (lines.lines.empty()) throw DockerfileError({}, "file with no instructions");
  if (result.stages.empty()) {
    throw DockerfileError(result.arguments.back().at,
                          "no build stage in current context: there is no FROM");
  }
  return result;
}

}  // namespace slipway
