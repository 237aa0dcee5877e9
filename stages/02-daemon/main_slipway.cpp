/// \file
/// slipway of stage 02: the commands of stage 01, and those for containers.

#include "01-cli-socket/cli_app.hpp"
#include "01-cli-socket/system_cli.hpp"
#include "02-daemon/cli/container_cli.hpp"

int main(int argc, char** argv) {
  using namespace slipway;
  return run_cli(argc, argv, join(system_commands(), container_commands()));
}
