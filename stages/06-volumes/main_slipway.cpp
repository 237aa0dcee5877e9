/// \file
/// slipway of stage 06: the commands of the stages below, and those for volumes.

#include "01-cli-socket/cli_app.hpp"
#include "01-cli-socket/system_cli.hpp"
#include "02-daemon/cli/container_cli.hpp"
#include "04-cgroups/cli/cgroup_cli.hpp"
#include "05-layers-cache/api/images_cli.hpp"
#include "06-volumes/cli/volume_cli.hpp"

int main(int argc, char** argv) {
  using namespace slipway;
  return run_cli(argc, argv,
                 join(system_commands(), container_commands(), cgroup_commands(), image_commands(),
                      volume_commands()));
}
