#include "overlay_root.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/utsname.h>

#include <optional>
#include <utility>

#include "01-cli-socket/sys_error.hpp"
#include "detached_mount.hpp"

namespace slipway {
namespace {

UniqueFd open_folder(const std::string& path) {
  return UniqueFd(check(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), "open", path));
}

/// Before 6.7 the kernel finds out that overlay does not know a parameter only when it takes all of
/// them together, and writes a line in its log each time: the release says it in advance.
bool knows_layers_one_by_one() {
  utsname names{};
  ::uname(&names);
  std::pair<int, int> release;
  ::sscanf(names.release, "%d.%d", &release.first, &release.second);
  return release >= std::pair(6, 7);
}

/// One parameter per layer ("lowerdir+", Linux 6.7): no limit but the kernel's 500 layers.
/// Nothing if the kernel or a path's length does not allow it.
std::optional<DetachedMount> overlay_layer_by_layer(const OverlayFolders& folders) {
  if (!knows_layers_one_by_one()) return std::nullopt;
  NewFilesystem overlay("overlay");
  overlay.set("source", "overlay");
  for (const std::string& lower : folders.lower) {
    if (!overlay.try_set("lowerdir+", lower)) {
      if (errno == EINVAL) return std::nullopt;
      throw SysError(errno, "fsconfig", "overlay lowerdir+=" + lower);
    }
  }
  if (!overlay.try_set("upperdir", folders.upper) || !overlay.try_set("workdir", folders.work)) {
    if (errno == EINVAL) return std::nullopt;
    throw SysError(errno, "fsconfig", "overlay upperdir=" + folders.upper);
  }
  return overlay.mount(0);
}

}  // namespace

MountedOverlay mount_overlay(const OverlayFolders& folders, const std::string& mountpoint) {
  auto overlay = overlay_layer_by_layer(folders);
  if (!overlay) return {mount_overlay_in_one_page(folders, mountpoint), "mount"};
  overlay->attach(open_folder(mountpoint).get(), mountpoint);
  return {overlay->take(), "move_mount"};
}

UniqueFd mount_overlay_in_one_page(const OverlayFolders& folders, const std::string& mountpoint) {
  std::vector<UniqueFd> opened;
  const auto short_path = [&](const std::string& path) {
    opened.push_back(open_folder(path));
    return "/proc/self/fd/" + std::to_string(opened.back().get());
  };
  std::string options = "lowerdir=";
  for (const std::string& lower : folders.lower) options += short_path(lower) + ":";
  options.pop_back();
  options += ",upperdir=" + short_path(folders.upper) + ",workdir=" + short_path(folders.work);
  check(::mount("overlay", mountpoint.c_str(), "overlay", 0, options.c_str()), "mount overlay on",
        mountpoint);
  return open_folder(mountpoint);
}

}  // namespace slipway
