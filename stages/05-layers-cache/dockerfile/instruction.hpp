#pragma once
/// \file
/// One instruction of a Dockerfile, parsed but with its variables not yet put in.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logical_lines.hpp"

namespace slipway {

enum class Keyword {
  add,
  arg,
  cmd,
  copy,
  entrypoint,
  env,
  expose,
  from,
  healthcheck,
  label,
  maintainer,
  onbuild,
  run,
  shell,
  stopsignal,
  user,
  volume,
  workdir,
};

/// "RUN"
std::string_view name_of(Keyword keyword);

/// `--name` or `--name=value`
struct Flag {
  std::string name;
  std::optional<std::string> value;
  Position at;
};

/// A value of ENV, LABEL, ARG; an ARG may have none.
struct Assignment {
  std::string name;
  std::optional<std::string> value;
};

/// Which of the fields are filled depends on the keyword.
struct Instruction {
  Keyword keyword = Keyword::run;
  std::string text;         ///< as in the file, lines joined: "RUN echo a  b"
  std::vector<Flag> flags;  ///< in their order
  /// Exec form: the array's strings. Shell form of RUN, CMD, ENTRYPOINT, HEALTHCHECK CMD: one, the command line.
  /// FROM: image, or image, "AS", name. ONBUILD, WORKDIR, USER, STOPSIGNAL, MAINTAINER: one. Others: the words.
  std::vector<std::string> words;
  bool exec_form = false;               ///< words came as a JSON array
  bool none = false;                    ///< HEALTHCHECK NONE
  std::vector<Assignment> assignments;  ///< ENV, LABEL, ARG
  std::vector<Heredoc> heredocs;        ///< RUN, COPY, ADD
  char escape = '\\';
  Position at;

  /// The flag's value, "" if it has none; nothing if the flag is not there. The last one counts.
  [[nodiscard]] std::optional<std::string> flag(std::string_view name) const;
};

/// \throws DockerfileError with line and column
Instruction parse_instruction(const LogicalLine& line, char escape);

/// Parses one instruction that came alone (`docker commit --change`). \throws DockerfileError; also if it is none or more than one
Instruction parse_instruction(std::string_view text);

}  // namespace slipway
