#include "all_modules.hpp"

#include "03-namespaces/engine/namespace_module.hpp"
#include "04-cgroups/engine/cgroup_module.hpp"
#include "05-layers-cache/api/images_module.hpp"
#include "volumes_module.hpp"

namespace slipway {

EngineModules modules_with_volumes() {
  EngineModules modules;
  modules.push_back(std::make_unique<ImagesModule>());     // 05: completes the request, so first
  modules.push_back(std::make_unique<NamespaceModule>());  // 03: begins the list of mounts
  modules.push_back(std::make_unique<VolumesModule>());    // 06: adds to it
  modules.push_back(std::make_unique<CgroupModule>());     // 04
  return modules;
}

}  // namespace slipway
