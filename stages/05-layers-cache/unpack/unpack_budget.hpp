#pragma once
/// \file
/// How much an archive may unpack to. A 2 MB gzip can hold 2 GiB of zeros, a small tar a million empty files; whoever
/// reads archives of strangers needs limits before the first byte.

#include <cstdint>
#include <string>
#include <vector>

namespace slipway {

/// The limits of one pass over an archive. Sizes in bytes.
struct UnpackBudget {
  std::uint64_t bytes = 20ULL << 30;   ///< always allowed: 20 GiB
  std::uint64_t ratio = 200;           ///< or this many times what came in …
  std::uint64_t slack = 1ULL << 30;    ///< … and 1 GiB
  std::uint64_t ceiling = UINT64_MAX;  ///< but never more: what the disk has room for
  std::uint64_t entries = 2'000'000;   ///< files, folders and links

  /// The most that `compressed` bytes of input may unpack to.
  [[nodiscard]] std::uint64_t limit(std::uint64_t compressed) const;

  /// As arguments of slipway-unpack: "bytes=21474836480", …
  [[nodiscard]] std::vector<std::string> to_arguments() const;
  /// The reverse. \throws std::runtime_error for an argument that is none
  static UnpackBudget from_arguments(const std::vector<std::string>& arguments);
  /// The defaults, changed by SLIPWAY_MAX_UNPACKED (bytes; no ratio then) and SLIPWAY_MAX_ENTRIES.
  /// \throws std::runtime_error if one is no number
  static UnpackBudget from_environment();
};

}  // namespace slipway
