#pragma once
/// \file
/// Mounts as values, by the mount API of Linux 5.2: a mount is made first, as a descriptor that
/// stands nowhere, and attached to a folder later. Until then only its maker can reach it, and it
/// vanishes when the descriptor closes: a launch that fails half way leaks no mount. Kernel:
/// Documentation/filesystems/mount_api.rst.

#include <sys/mount.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// What a file system itself is told: {"size", "64m"}; an empty value is a bare word
/// ("newinstance").
using FsParameters = std::vector<std::pair<std::string, std::string>>;

/// A mount that is not attached yet, or (by its descriptor) the root of one that is. Movable.
class DetachedMount {
 public:
  /// A new file system. \param attributes  MOUNT_ATTR_…
  /// \throws SysError with the kernel's own explanation, where it gives one
  static DetachedMount filesystem(const std::string& type, const FsParameters& parameters,
                                  std::uint64_t attributes);
  /// What `file` shows, once more (a bind mount). It must be attached somewhere (until Linux 6.15).
  /// \param recursive  with the mounts below it
  static DetachedMount clone(int file, bool recursive, std::string_view what);
  /// Takes over a descriptor of a mount.
  explicit DetachedMount(UniqueFd mount) : mount_(std::move(mount)) {}

  /// Changes its flags and propagation before anybody can use it.
  void change(const mount_attr& attributes, bool recursive, std::string_view what) const;
  /// Puts it on a file or folder. What the descriptor shows is what gets covered: no path, no race.
  void attach(int target, std::string_view what) const;

  [[nodiscard]] int fd() const noexcept { return mount_.get(); }
  [[nodiscard]] UniqueFd take() { return std::move(mount_); }

 private:
  UniqueFd mount_;
};

/// A file system under construction: fsopen(2), fsconfig(2), fsmount(2).
class NewFilesystem {
 public:
  explicit NewFilesystem(const std::string& type);
  /// Sets a parameter. \returns false if the kernel does not take it (errno says why)
  [[nodiscard]] bool try_set(const std::string& key, const std::string& value);
  /// \throws SysError
  void set(const std::string& key, const std::string& value);
  /// Makes it, and a mount of it. \throws SysError
  DetachedMount mount(std::uint64_t attributes);

 private:
  [[noreturn]] void fail(std::string_view call, std::string_view about);
  std::string type_;
  UniqueFd context_;
};

/// Changes flags and propagation of the mount whose root `mount` is: mount_setattr(2), Linux 5.12.
/// \param recursive  of the mounts below as well \throws SysError
void change_mount(int mount, const mount_attr& attributes, bool recursive, std::string_view what);

}  // namespace slipway
