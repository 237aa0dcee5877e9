/// \file
/// slipwayd of stage 05: isolated and limited containers whose root comes from an image.

#include "02-daemon/engine_app.hpp"
#include "03-namespaces/engine/namespace_module.hpp"
#include "04-cgroups/engine/cgroup_module.hpp"
#include "05-layers-cache/api/images_module.hpp"

int main(int argc, char** argv) {
  slipway::EngineModules modules;
  // First: the others check what a request says after its image has completed it.
  modules.push_back(std::make_unique<slipway::ImagesModule>());
  modules.push_back(std::make_unique<slipway::NamespaceModule>());
  modules.push_back(std::make_unique<slipway::CgroupModule>());
  return slipway::run_engine(argc, argv, std::move(modules));
}
