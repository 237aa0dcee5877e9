/// \file
/// slipwayd of stage 01: answers `_ping`, `version` and `info`.

#include "system_daemon.hpp"

int main(int argc, char** argv) { return slipway::run_system_daemon(argc, argv); }
