#include "container_layers.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>

#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/atomic_file.hpp"

namespace slipway {
namespace {

/// The root folder of an overlay is its upper one, so that has to look like the image's.
void copy_owner_and_mode(const std::string& from, const std::string& to) {
  struct stat info {};
  check(::stat(from.c_str(), &info), "stat", from);
  check(::chown(to.c_str(), info.st_uid, info.st_gid), "chown", to);
  check(::chmod(to.c_str(), info.st_mode & 07777), "chmod", to);
}

}  // namespace

ContainerLayers layers_of(const std::string& folder, const std::vector<std::string>& image) {
  const std::string own = folder + "/rw/";
  // An image lists its layers as they were made, bottom first; overlayfs takes the first that has a name.
  return {.lower = {image.rbegin(), image.rend()},
          .upper = own + "upper",
          .work = own + "work",
          .root = own + (image.empty() ? "upper" : "root")};
}

void make_container_layers(const ContainerLayers& layers) {
  for (const std::string& layer : layers.lower) {
    if (::access(layer.c_str(), F_OK) == 0) continue;
    throw std::runtime_error("the container's layer " + layer +
                             " is missing: load its image again");
  }
  const bool first_start = ::access(layers.upper.c_str(), F_OK) != 0;
  for (const std::string& folder : {layers.work, layers.root}) make_folders(folder);
  make_folders(layers.upper, 0755);
  if (first_start && !layers.lower.empty()) copy_owner_and_mode(layers.lower.front(), layers.upper);
}

}  // namespace slipway
