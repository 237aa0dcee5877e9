#pragma once
/// \file
/// Writes a tar stream as every engine reads it: ustar headers, and a pax header before those entries that do not fit
/// into one. Format: pax(1), "ustar Interchange Format" and "pax Header Block"; extended attributes as
/// `SCHILY.xattr.NAME` (OCI image-spec, layer.md).
///
///     [pax header: what is too long, too large or not ASCII]  header  content, padded to 512   …   1024 zeros
///
/// The same entries give the same bytes, always: a layer's name is the digest of them.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace slipway {

/// Takes the next bytes of a stream. What it throws, the writer passes on.
using ByteSink = std::function<void(std::span<const char>)>;

/// One entry. Names are bytes: UTF-8 or not, of any length.
struct TarHeader {
  std::string name;  ///< relative; a folder's ends in "/"
  char type =
      '0';  ///< '0' file, '1' hard link, '2' symbolic link, '3' and '4' devices, '5' folder, '6' fifo
  std::string link;  ///< a link's target; a hard link's is the name of an earlier entry
  mode_t mode = 0;   ///< permission bits, setuid, setgid, sticky
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::int64_t mtime = 0;  ///< whole seconds since 1970, as docker writes them; may be negative
  std::uint64_t size = 0;  ///< bytes of content that follow
  dev_t device = 0;        ///< of '3' and '4'
  std::map<std::string, std::string> xattrs;
};

/// One stream in the making. Not thread-safe.
class TarStream {
 public:
  /// \param sink  is called during `add`, `write` and `finish`
  explicit TarStream(ByteSink sink) : sink_(std::move(sink)) {}

  /// Begins an entry. \throws std::logic_error if the content of the one before is not complete
  void add(const TarHeader& header);
  /// The next part of its content. \throws std::logic_error for more than `size`
  void write(std::span<const char> bytes);
  /// The end mark. \throws std::logic_error as `add`
  void finish();

 private:
  void end_entry();
  void put(std::string_view bytes);
  void put_padded(std::string_view bytes);
  void put_header(const TarHeader& header);

  ByteSink sink_;
  std::uint64_t missing_ = 0;  ///< bytes of this entry's content that have not come yet
  std::uint64_t padding_ = 0;  ///< zeros after them
};

}  // namespace slipway
