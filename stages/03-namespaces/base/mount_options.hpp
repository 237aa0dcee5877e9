#pragma once
/// \file
/// Mount options as the OCI spec and mount(8) write them, sorted by who takes them.
/// Spec: opencontainers/runtime-spec, config.md "Mounts"; mount_setattr(2).

#include <cstdint>
#include <string>
#include <vector>

#include "detached_mount.hpp"

namespace slipway {

/// The options of one mount.
struct MountOptions {
  std::uint64_t set = 0;    ///< MOUNT_ATTR_… to set: "ro", "nosuid", …
  std::uint64_t clear = 0;  ///< MOUNT_ATTR_… to take away: "rw", "suid", …
  std::uint64_t set_below =
      0;  ///< MOUNT_ATTR_… for what is mounted below it, too: "rro", "rnosuid", …
  std::uint64_t propagation = 0;       ///< MS_PRIVATE, …; 0 if not said
  bool propagation_recursive = false;  ///< "rprivate" rather than "private"
  bool bind = false;
  bool recursive = false;   ///< "rbind"
  FsParameters parameters;  ///< everything else: the file system's own ("size=64m")
};

/// Never fails: what it does not know belongs to the file system, which will say if it does not
/// either.
MountOptions parse_mount_options(const std::vector<std::string>& options);

}  // namespace slipway
