/// \file
/// slipway-unpack: reads what strangers send, locked in. New in stage 05.

#include "05-layers-cache/unpack/unpack_program.hpp"

int main(int argc, char** argv) { return slipway::run_unpack(argc, argv); }
