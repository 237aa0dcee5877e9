/// \file
/// slipway-init: the first process of a container that was started with --init.

#include "reaper.hpp"

int main(int argc, char** argv) { return slipway::run_init(argc, argv); }
