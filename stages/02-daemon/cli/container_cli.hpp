#pragma once
/// \file
/// The commands for containers, each in the file of its group; docker's names, flags, output and exit codes.

#include <functional>
#include <string>
#include <vector>

#include "01-cli-socket/command.hpp"

namespace slipway {

/// All of them: what a main lists.
Commands container_commands();

Commands run_commands();      ///< run, create (run_cli.cpp)
Commands attach_commands();   ///< start, attach, wait (attach_cli.cpp)
Commands exec_commands();     ///< exec (exec_cli.cpp)
Commands stop_commands();     ///< kill, stop, restart, rename, rm (stop_cli.cpp)
Commands logs_commands();     ///< logs (logs_cli.cpp)
Commands inspect_commands();  ///< inspect (inspect_cli.cpp)
Commands ps_commands();       ///< ps (ps_cli.cpp)
Commands df_commands();       ///< system df (df_cli.cpp)
Commands event_commands();    ///< events (event_cli.cpp)
Commands prune_commands();    ///< container prune (prune_cli.cpp)
Commands top_commands();      ///< top (top_cli.cpp)
Commands explain_commands();  ///< explain (explain_cli.cpp)

/// A kind of object and where the API has one of it.
struct InspectKind {
  std::string name;    ///< "container"
  std::string before;  ///< the path in front of the object's name: "/containers/"
  std::string behind;  ///< and behind it: "/json"
};

/// `inspect` for one kind of object: "image inspect" of stage 05.
std::unique_ptr<Command> make_inspect_command(std::string name, InspectKind kind);

/// Each "name=value" of -f, in the API's form: {"name":["value"]}. \throws std::runtime_error
std::string filters_json(const std::vector<std::string>& filters);

/// Does something for each name. One that fails is reported, the others go on.
/// \returns 0, or 1 if one failed
int for_each_name(CliContext& context, const std::vector<std::string>& names,
                  const std::function<void(const std::string& name)>& act);

}  // namespace slipway
