// The supervisor: the same in every stage.

#include "supervisor_app.hpp"

int main(int argc, char** argv) { return slipway::run_supervisor(argc, argv); }
