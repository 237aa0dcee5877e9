#pragma once
/// \file
/// The command line's frame: global flags, the table of commands, usage errors with docker's exit codes.
/// CLI11 is seen only in cli_app.cpp.

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "command.hpp"

namespace slipway {

/// A command line that makes no sense; `what()` says why.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads the options among `words` into their targets; one parser for global flags, commands and daemons.
/// \param stop_at_positional  true if everything from the first positional on is to be left alone
/// \returns the words that are no options; "--" ends the options and is left out
/// \throws UsageError for an unknown option, a missing or a bad value
std::vector<std::string> parse_options(const std::vector<std::string>& words,
                                       const std::vector<Option>& options, bool stop_at_positional);

/// Runs the command that `argv` names. Global flags: `-H unix://PATH` (else `DOCKER_HOST`, else
/// `unix:///run/slipway/slipway.sock`), `--curl[=only]`, `--explain`, `--version`.
/// `--curl` and `--explain` may stand behind the command's words, too.
/// \returns the program's exit code: the command's, 125 for a bad flag, 1 for a wrong number of arguments
int run_cli(int argc, char** argv, Commands commands);

/// Parses a daemon's flags into `options`; adds --help and --version. \returns an exit code if the program should end now
/// (--help: 0, bad flag: 1), nothing if it should go on
std::optional<int> parse_flags(int argc, char** argv, const std::string& about,
                               const std::vector<Option>& options);

/// The path of a "unix://PATH" endpoint. \throws std::runtime_error for any other scheme
std::string socket_path_of(const std::string& endpoint);

}  // namespace slipway
