/// \file
/// slipway-supervisor, whole.

#include "02-daemon/supervisor_app.hpp"

int main(int argc, char** argv) { return slipway::run_supervisor(argc, argv); }
