/// \file
/// slipway-init: the first process of a container that was started with --init.

#include "03-namespaces/init/reaper.hpp"

int main(int argc, char** argv) { return slipway::run_init(argc, argv); }
