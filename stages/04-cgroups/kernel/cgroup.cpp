#include "cgroup.hpp"

#include <unistd.h>

#include <stdexcept>

#include "01-cli-socket/api_error.hpp"
#include "cgroup_versions.hpp"

namespace slipway {

std::unique_ptr<Cgroup> open_cgroup(const Hierarchies& hierarchies, const std::string& path) {
  const bool leads_up = (path + "/").find("/../") != path.npos;
  if (!path.starts_with('/') || path.size() < 2 || leads_up) {
    throw std::runtime_error("linux.cgroupsPath: \"" + path + "\" is no path below the root");
  }
  return hierarchies.unified() ? make_version2(hierarchies, path)
                               : make_version1(hierarchies, path);
}

bool remove_parent(const Hierarchies& hierarchies, const std::string& path) noexcept {
  bool gone = true;
  for (const std::string& name : hierarchies.controllers()) {
    const std::string folder = hierarchies.tree_of(name) + path;
    gone = (::rmdir(folder.c_str()) == 0 || errno == ENOENT) && gone;
  }
  return gone;
}

void refuse_memory_limit(std::int64_t wanted, std::uint64_t usage, std::uint64_t peak) {
  throw std::runtime_error("unable to set memory limit to " + std::to_string(wanted) +
                           " (current usage: " + std::to_string(usage) +
                           ", peak usage: " + std::to_string(peak) + ")");
}

}  // namespace slipway
