/// \file
/// slipway-unpack, whole.

#include "05-layers-cache/unpack/unpack_program.hpp"

int main(int argc, char** argv) { return slipway::run_unpack(argc, argv); }
