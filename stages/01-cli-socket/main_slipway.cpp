/// \file
/// slipway of stage 01: `version`, `info`, `api`.

#include "cli_app.hpp"
#include "system_cli.hpp"

//@region main
int main(int argc, char** argv) {
  return slipway::run_cli(argc, argv, slipway::join(slipway::system_commands()));
}
//@endregion
