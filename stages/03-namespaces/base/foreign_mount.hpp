#pragma once
/// \file
/// Mounts of another container: `--ipc container:web` shares its /dev/shm, and that is a mount in its mount namespace.

#include <string>

#include "detached_mount.hpp"

namespace slipway {

/// True for paths like "/proc/42/root/dev/shm": what process 42 sees as /dev/shm.
bool is_in_another_namespace(const std::string& path);

/// Clones such a mount. open_tree(2) refuses to clone mounts of a namespace that the caller is not in, so this process
/// visits that namespace and comes back. The path is resolved there, inside the other container: what it calls
/// /dev/shm is the worst that it can give away. For a process with one thread and root's powers; the working directory
/// is "/" afterwards. \param expected  the mount namespace's name (namespace_name.hpp), or empty
/// \throws SysError, std::runtime_error (it is another one)
DetachedMount clone_from_namespace(const std::string& path, const std::string& expected);

}  // namespace slipway
