#pragma once
/// \file
/// The container's log in docker's json-file format: one JSON object per line,
/// `{"log":"hello\n","stream":"stdout","time":"2025-06-01T12:00:00.000000000Z"}`.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "01-cli-socket/unique_fd.hpp"
#include "02-daemon/base/stdio_mux.hpp"
#include "json_text.hpp"
#include "log_files.hpp"

namespace slipway {

/// Writes the log. Output becomes entries line by line; a line longer than 16 KiB becomes several (docker's rule: only
/// the last ends in "\n"); a line without an end is written at `finish`. Every `write` goes to the file before it
/// returns: nothing whole waits in our memory.
///
/// What a full disk refuses waits, up to `kMaxBacklog`, and goes out in order with a later write. What comes beyond that
/// is counted and let go: the container is not to be held back, and neither is the host's memory to be filled. The log
/// then says so itself, at that place, as an entry of stderr. Not thread-safe.
class JsonLogWriter {
 public:
  static constexpr std::size_t kMaxBacklog = 1024 * 1024;

  /// \param target  where to; with an empty path no log is kept  \throws SysError
  explicit JsonLogWriter(LogTarget target);

  /// \param time  RFC 3339 with nanoseconds
  /// \throws SysError if the file refuses it: once, until it takes bytes again. What was refused is kept, see above.
  void write(StdioStream stream, std::string_view bytes, std::string_view time);
  /// Writes what is left without a line end. \param sync  also fdatasync(2)  \throws SysError
  void finish(std::string_view time, bool sync);

 private:
  /// What is no line yet, of one stream.
  struct Partial {
    std::string text;
    std::size_t searched = 0;  ///< no line end is among the first so many bytes
  };

  Partial& partial(StdioStream stream) { return partials_[stream == StdioStream::out ? 0 : 1]; }
  void begin_entries(StdioStream stream, std::string_view time);
  std::string_view append_lines(std::string_view text, std::size_t searched);
  void append_entry(std::string_view line);
  void report_dropped();
  bool flush();
  void grown();
  [[noreturn]] void fail();

  LogTarget target_;
  UniqueFd file_;
  std::int64_t size_ = 0;       ///< of the file
  std::int64_t rotate_at_ = 0;  ///< the size at which to think of rotation
  int rotations_ = 0;           ///< so far
  std::array<Partial, 2> partials_;
  std::string entries_;  ///< whole entries that are not in the file yet
  std::string tail_;     ///< what follows the text in the entries of the current write
  int error_ = 0;        ///< errno of the last write, if it was refused
  std::size_t lost_lines_ = 0;
  std::size_t lost_bytes_ = 0;
};

}  // namespace slipway
