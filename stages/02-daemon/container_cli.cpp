#include "container_cli.hpp"

#include <ostream>

#include "01-cli-socket/api_error.hpp"

namespace slipway {

Commands container_commands() {
  return join(run_commands(), attach_commands(), stop_commands(), logs_commands(),
              inspect_commands(), ps_commands());
}

int for_each_name(CliContext& context, const std::vector<std::string>& names,
                  const std::function<void(const std::string& name)>& act) {
  int code = 0;
  for (const std::string& name : names) {
    try {
      act(name);
    } catch (const ApiError& error) {
      context.out.flush();
      context.err << "slipway: " << error.what() << '\n';
      code = 1;
    }
  }
  return code;
}

}  // namespace slipway
