#pragma once
/// \file
/// Where untrusted parsing happens: a child program that locks itself in before it reads the first byte. If a bug in
/// libarchive or in our extractor lets an archive run code, that code finds a machine with one folder: no other file,
/// no network, no process to signal, no program to start.
///
/// | wall | by |
/// | --- | --- |
/// | no files but the folder | own mount namespace, pivot_root(2) into the folder, old root unmounted, descriptors closed |
/// | no set-uid, device or program use in it | the mount's nosuid, nodev, noexec |
/// | no network, no IPC | empty network and IPC namespaces |
/// | no power | capabilities(7) dropped but for those that write owners and attributes |
/// | few system calls | seccomp(2): a list of those that reading and writing files takes |
/// | no memory or disk eaten | RLIMIT_AS, RLIMIT_FSIZE, RLIMIT_NOFILE |

#include <cstdint>

#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// What the prisoner has to do.
enum class JailWork {
  write_own_files,  ///< new files of its own: no capability at all
  /// Files of any owner with any attribute. CAP_SYS_ADMIN is among its capabilities, because `trusted.overlay.opaque`
  /// can be set by nothing less; the seccomp filter leaves that nothing else to do.
  write_any_files
};

/// Locks this process in, for good. It must have one thread and be root.
/// \param folder     what becomes its "/"; closed here: over it ".." would lead out
/// \param file_size  the largest file that it may write, in bytes
/// \returns the folder, opened anew from the inside
/// \throws SysError
UniqueFd enter_jail(UniqueFd folder, JailWork work, std::uint64_t file_size);

}  // namespace slipway
