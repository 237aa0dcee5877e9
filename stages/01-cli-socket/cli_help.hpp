#pragma once
/// \file
/// The texts that `--help` prints, laid out as docker's are. Pure: options and commands in, text out.

#include <string>
#include <vector>

#include "command.hpp"

namespace slipway {

/// "slipway run [OPTIONS] IMAGE [COMMAND...]"
std::string usage_line(const std::string& program, const std::vector<Option>& options);

/// The list of options, aligned; empty without options.
std::string options_help(const std::vector<Option>& options);

/// Usage, summary, other spellings, options.
/// \param program  the program and the command's words ("slipway container ls")
std::string command_help(const std::string& program, const CommandInfo& info,
                         const std::vector<Option>& options);

/// The program's own page: commands in groups, global options.
std::string program_help(const std::string& about, const Commands& commands,
                         const std::vector<Option>& global_options);

/// The page of a group such as "container": its commands.
/// \returns an empty text if no command belongs to it
std::string group_help(const std::string& group, const Commands& commands);

/// True if the option is a positional argument (its name has no dash).
bool is_positional(const Option& option);
/// True if the option is given without a value: "--rm".
bool is_flag(const Option& option);

}  // namespace slipway
