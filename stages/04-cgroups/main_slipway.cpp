/// \file
/// slipway of stage 04: the commands of the stages below, and those for limits.

#include "01-cli-socket/cli_app.hpp"
#include "01-cli-socket/system_cli.hpp"
#include "02-daemon/cli/container_cli.hpp"
#include "cli/cgroup_cli.hpp"

int main(int argc, char** argv) {
  using namespace slipway;
  return run_cli(argc, argv, join(system_commands(), container_commands(), cgroup_commands()));
}
