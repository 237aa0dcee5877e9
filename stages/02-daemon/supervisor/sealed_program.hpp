#pragma once
/// \file
/// A program that nobody can change. Inside a container /proc/PID/exe leads to the file of whatever runs there, and for a
/// moment at each start that is our shim: with a descriptor of it, a container's root could overwrite the host's program and
/// wait for its next use (CVE-2019-5736). So shims run from a copy in memory, which the kernel lets nobody write to any
/// more, root included: memfd_create(2), F_SEAL_WRITE.

#include <string>

#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// Lets nobody change a file in memory any more. The kernel refuses with EBUSY while the file is mapped for writing or
/// something else holds one of its pages; that may be a moment's matter, so this tries again for a second.
/// \param file  from memfd_create(2) with MFD_ALLOW_SEALING \throws SysError  also EBUSY, when it stays so
void seal(const UniqueFd& file);

/// The copy lives as long as this, or as anybody who runs it. Immutable, so thread-safe.
class SealedProgram {
 public:
  /// \param path  the program to copy \throws SysError
  explicit SealedProgram(const std::string& path);

  /// How this process and its children find it.
  [[nodiscard]] std::string path() const;

 private:
  UniqueFd file_;
};

}  // namespace slipway
