/// \file
/// slipwayd, whole: every module there is.

#include "02-daemon/engine_app.hpp"
#include "06-volumes/engine/all_modules.hpp"

int main(int argc, char** argv) {
  return slipway::run_engine(argc, argv, slipway::modules_with_volumes());  // 03 to 06
}
