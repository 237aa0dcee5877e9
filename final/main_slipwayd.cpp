/// \file
/// slipwayd, whole: every module there is, in the order in which they see a request.

#include "02-daemon/engine_app.hpp"
#include "03-namespaces/engine/namespace_module.hpp"
#include "04-cgroups/engine/cgroup_module.hpp"
#include "05-layers-cache/api/images_module.hpp"

int main(int argc, char** argv) {
  slipway::EngineModules modules;
  modules.push_back(
      std::make_unique<slipway::ImagesModule>());  // 05: completes the request, so first
  modules.push_back(std::make_unique<slipway::NamespaceModule>());  // 03
  modules.push_back(std::make_unique<slipway::CgroupModule>());     // 04
  return slipway::run_engine(argc, argv, std::move(modules));
}
