#pragma once
/// \file
/// The first of the three extension points: a Command is one verb of the command line. Stages add theirs;
/// a program's main lists them. Options are declared as data, so that only cli_app.cpp needs the CLI library.

#include <algorithm>
#include <functional>
#include <iosfwd>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api_client.hpp"
#include "explain_story.hpp"

namespace slipway {

/// Where an option's value goes; owned by the command, alive while it runs. bool and the two modes are flags: they
/// take a value only in the form "--rm=false", "--curl=only".
using OptionTarget =
    std::variant<bool*, std::string*, std::optional<std::string>*, long*, std::optional<long>*,
                 std::vector<std::string>*, CurlMode*, ExplainMode*>;

/// One option or positional argument.
struct Option {
  std::string names;  ///< "-d,--detach"; a positional has no dash: "image"
  OptionTarget target;
  std::string help;
  bool required = false;
};

/// What a command says of itself.
struct CommandInfo {
  std::string name;                  ///< words as typed: "run", "container ls"
  std::vector<std::string> aliases;  ///< other spellings of the whole, such as "ps"
  std::string summary;               ///< one line for the list of commands
  /// True if everything behind the first positional belongs to the command run in the container ("run", "exec").
  bool stop_at_positional = false;
  /// The exit code for a bad flag: 125, as docker has it. (A wrong number of arguments is always 1.)
  int usage_error_code = 125;
};

/// What a command is given when it runs. Owned by the program; one thread.
struct CliContext {
  ApiClient& api;  ///< the engine
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

/// One verb. Made once by its stage's `…_commands()`, used once per process.
class Command {
 public:
  virtual ~Command() = default;
  [[nodiscard]] virtual CommandInfo info() const = 0;
  /// The options, each bound to a member of the command.
  virtual std::vector<Option> options() { return {}; }
  /// Does it. Returns the exit code. \throws ApiError, SysError, std::runtime_error: printed as
  /// "slipway: MESSAGE", exit code 1
  virtual int run(CliContext& context) = 0;
};

using Commands = std::vector<std::unique_ptr<Command>>;

/// Joins lists, for mains: `join(system_commands(), container_commands())`.
template <class... Lists>
Commands join(Lists... lists) {
  Commands all;
  (std::move(lists.begin(), lists.end(), std::back_inserter(all)), ...);
  return all;
}

}  // namespace slipway
