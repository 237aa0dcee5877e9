#pragma once
/// \file
/// One door for every path inside a container.
///
/// A root that came from an image, or that a container can write to, holds whatever its maker
/// liked: `etc -> /etc`, `w -> ../../../..`, `x -> /proc/self/fd/7`. A path string given to
/// mkdir(2) or mount(2) follows them out into the host. RootDir gives the path to openat2(2) with
/// RESOLVE_IN_ROOT instead: "/" and ".." then mean this root, whatever the links say, and the
/// kernel keeps to it even while somebody renames folders underneath. Callers act on the descriptor
/// that comes back, never again on the string (CVE-2021-30465, CVE-2024-45310, CVE-2018-15664:
/// checked the string first, used it later).

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// A folder that is "/" for the paths given to it. Leading slashes and ".." in them are fine.
/// Thread-compatible.
class RootDir {
 public:
  RootDir() = default;
  /// \param root  a descriptor of the folder (O_PATH will do); owned from now on
  explicit RootDir(UniqueFd root) : root_(std::move(root)) {}
  /// Opens a folder of the host that becomes a root. The path itself is trusted. \throws SysError
  static RootDir at(const std::string& host_path);

  /// Opens what is there; `flags` as for open(2), O_CLOEXEC is added. Symbolic links are followed
  /// inside the root, magic links (/proc/PID/fd/…) never. \throws SysError (ELOOP for a magic link)
  [[nodiscard]] UniqueFd open(std::string_view path, int flags) const;
  /// The same; nothing if there is no such file (ENOENT, ENOTDIR).
  [[nodiscard]] std::optional<UniqueFd> maybe_open(std::string_view path, int flags) const;

  /// Makes a folder and its parents (mode 0755), as far as they are missing. \returns it, as an
  /// O_PATH descriptor \throws SysError; a dangling link on the way is one (ENOENT)
  [[nodiscard]] UniqueFd make_folders(std::string_view path) const;
  /// The same, but no part of the path may be a symbolic link: for /proc and /sys, where a link
  /// would let the image choose what gets mounted on (CVE-2019-19921, CVE-2023-27561). \throws
  /// std::runtime_error "… must be mounted on ordinary directory"
  [[nodiscard]] UniqueFd make_ordinary_folders(std::string_view path, std::string_view what) const;
  /// Something to mount a file on: what is there, or a new empty file (mode 0644) in folders made
  /// as needed. \returns an O_PATH descriptor \throws SysError
  [[nodiscard]] UniqueFd make_file(std::string_view path) const;

  [[nodiscard]] int fd() const noexcept { return root_.get(); }

 private:
  [[nodiscard]] int try_open(const std::string& path, int flags, std::uint64_t resolve) const;
  UniqueFd root_;
};

}  // namespace slipway
