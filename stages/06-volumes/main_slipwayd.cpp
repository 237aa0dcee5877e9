/// \file
/// slipwayd of stage 06: containers with data that outlives them.

#include "02-daemon/engine_app.hpp"
#include "06-volumes/engine/all_modules.hpp"

int main(int argc, char** argv) {
  return slipway::run_engine(argc, argv, slipway::modules_with_volumes());
}
