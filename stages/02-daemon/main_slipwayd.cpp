// Stage 02's engine: containers are plain processes of the host.

#include "engine_app.hpp"

int main(int argc, char** argv) { return slipway::run_engine(argc, argv, {}); }
