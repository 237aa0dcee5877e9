#pragma once
/// \file
/// Reads a tar stream, plain or compressed, entry by entry. libarchive decodes; nobody else sees it. It is used for
/// reading only, and only for what images need: tar, and none/gzip/bzip2/xz/zstd (most of its published memory errors
/// are in the other formats). Runs in the confined child (`jail.hpp`), never in the engine.
///
/// Two readers in a row, because a layer's diff id is the digest of the *uncompressed* tar:
///
///     bytes ──▶ libarchive "raw" + filters ──▶ count, hash ──▶ libarchive "tar" ──▶ entries

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "05-layers-cache/base/digest.hpp"
#include "unpack_budget.hpp"

namespace slipway {

enum class EntryType { file, folder, symbolic_link, hard_link, fifo, device, other };

/// One entry's header. Nothing in it has been checked.
struct TarEntry {
  std::string name;
  EntryType type = EntryType::other;
  std::string link;  ///< target of a symbolic or hard link
  mode_t mode = 0;   ///< permission bits, setuid, setgid, sticky
  std::int64_t uid = 0;
  std::int64_t gid = 0;
  timespec mtime{};
  std::vector<std::pair<std::string, std::string>> xattrs;
};

/// A part of an entry's content; what lies between two parts is a hole.
struct TarData {
  std::span<const char> bytes;
  std::uint64_t offset = 0;
};

/// One pass over one stream. Not thread-safe.
class TarReader {
 public:
  /// What the digest of the uncompressed stream is wanted for. An uncompressed stream's is its own digest, which
  /// whoever stored it knows already; hashing it again would take a third of an unpack's time.
  enum class Hash { none, if_compressed };

  /// \param fd  where the stream comes from; stays the caller's
  /// \throws Refused if it is compressed twice
  TarReader(int fd, const UnpackBudget& budget, Hash hash);
  ~TarReader();
  TarReader(const TarReader&) = delete;
  TarReader& operator=(const TarReader&) = delete;

  /// The next header; nothing at the archive's end. \throws Refused: damaged, truncated, over budget
  std::optional<TarEntry> next();
  /// The next part of this entry's content; nothing at its end. The bytes live until the next call.
  /// \throws Refused as above
  std::optional<TarData> read();
  /// The size that this entry's content has in the end (holes included).
  [[nodiscard]] std::uint64_t size() const;
  /// Reads what follows the archive's end mark: it counts for the digest. \throws Refused
  void drain();

  /// "gzip", "bzip2", "xz", "zstd" or "none".
  [[nodiscard]] const std::string& filter() const noexcept;
  /// After `drain`: the digest of the uncompressed stream; nothing if it was not hashed.
  [[nodiscard]] std::optional<Digest> digest();
  /// Content bytes of all entries so far, holes included.
  [[nodiscard]] std::uint64_t content_bytes() const noexcept;
  [[nodiscard]] std::uint64_t entries() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slipway
