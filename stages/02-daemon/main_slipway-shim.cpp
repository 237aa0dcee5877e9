// Stage 02's shim: the steps of a plain process.

#include "02-daemon/launch/process_steps.hpp"
#include "shim_app.hpp"

int main(int argc, char** argv) {
  return slipway::run_shim(argc, argv, slipway::process_steps(), slipway::process_steps);
}
