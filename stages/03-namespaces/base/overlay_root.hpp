#pragma once
/// \file
/// Several folders as one: the overlay file system as a container's root. Kernel:
/// Documentation/filesystems/overlayfs.rst.

#include <string>
#include <string_view>
#include <vector>

#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// What an overlay is made of. All are folders of the host.
struct OverlayFolders {
  std::vector<std::string> lower;  ///< read-only, topmost first
  std::string upper;               ///< takes every change
  std::string work;                ///< the kernel's own, empty, on the same file system as `upper`
};

struct MountedOverlay {
  UniqueFd root;          ///< its root
  std::string_view call;  ///< the system call that put it there: kernels differ
};

/// Mounts it on a folder of the host, in this mount namespace. \throws SysError
MountedOverlay mount_overlay(const OverlayFolders& folders, const std::string& mountpoint);

/// The same by mount(2), for kernels before 6.7 and for paths of more than 255 bytes. All options
/// have to fit into one page, so folders are given as /proc/self/fd/N: room for 200 layers wherever
/// they are.
UniqueFd mount_overlay_in_one_page(const OverlayFolders& folders, const std::string& mountpoint);

}  // namespace slipway
