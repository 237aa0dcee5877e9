#pragma once
/// \file
/// A file that knows its digest when it is written: hashed on the way, never read again.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "01-cli-socket/unique_fd.hpp"
#include "05-layers-cache/base/digest.hpp"

namespace slipway {

/// What was written.
struct WrittenFile {
  Digest digest;
  std::uint64_t size = 0;  ///< bytes
};

/// Not thread-safe.
class HashedFile {
 public:
  /// A new file. \throws SysError (EEXIST if it is there)
  explicit HashedFile(const std::string& path);

  /// Small pieces are gathered: a tar is mostly blocks of 512 bytes. \throws SysError
  void write(std::span<const char> bytes);
  /// Writes the rest; the object is spent then. Nothing is synced. \throws SysError
  [[nodiscard]] WrittenFile finish();

 private:
  void flush();

  std::string path_;
  UniqueFd fd_;
  std::vector<char> gathered_;
  Sha256 hash_;
};

}  // namespace slipway
