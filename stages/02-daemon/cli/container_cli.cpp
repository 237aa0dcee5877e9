#include "container_cli.hpp"

#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/error_text.hpp"

namespace slipway {

using nlohmann::json;

Commands container_commands() {
  return join(run_commands(), attach_commands(), exec_commands(), stop_commands(), logs_commands(),
              inspect_commands(), ps_commands(), df_commands(), event_commands(), prune_commands(),
              top_commands(), explain_commands());
}

std::string filters_json(const std::vector<std::string>& filters) {
  json map = json::object();
  for (const std::string& filter : filters) {
    const std::size_t equals = filter.find('=');
    if (equals == std::string::npos)
      throw std::runtime_error("invalid filter '" + filter + "': expected NAME=VALUE");
    map[filter.substr(0, equals)].push_back(filter.substr(equals + 1));
  }
  return dump_json(map);
}

int for_each_name(CliContext& context, const std::vector<std::string>& names,
                  const std::function<void(const std::string& name)>& act) {
  int code = 0;
  for (const std::string& name : names) {
    try {
      act(name);
    } catch (const ApiError& error) {
      context.out.flush();
      context.err << error_text(error);
      code = 1;
    }
  }
  return code;
}

}  // namespace slipway
