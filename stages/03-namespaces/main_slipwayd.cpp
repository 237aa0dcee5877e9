/// \file
/// slipwayd of stage 03: containers with walls, in a root folder of the host.

#include "02-daemon/engine_app.hpp"
#include "03-namespaces/engine/directory_root_module.hpp"
#include "03-namespaces/engine/namespace_module.hpp"

int main(int argc, char** argv) {
  slipway::EngineModules modules;
  modules.push_back(std::make_unique<slipway::DirectoryRootModule>());
  modules.push_back(std::make_unique<slipway::NamespaceModule>());
  return slipway::run_engine(argc, argv, std::move(modules));
}
