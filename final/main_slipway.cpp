/// \file
/// slipway, whole: every command there is.

#include "01-cli-socket/cli_app.hpp"
#include "01-cli-socket/system_cli.hpp"
#include "02-daemon/cli/container_cli.hpp"
#include "04-cgroups/cli/cgroup_cli.hpp"
#include "05-layers-cache/api/images_cli.hpp"
#include "06-volumes/cli/volume_cli.hpp"

int main(int argc, char** argv) {
  return slipway::run_cli(argc, argv,
                          slipway::join(slipway::system_commands(),     // 01
                                        slipway::container_commands(),  // 02
                                        slipway::cgroup_commands(),     // 04
                                        slipway::image_commands(),      // 05
                                        slipway::volume_commands()));   // 06
}
