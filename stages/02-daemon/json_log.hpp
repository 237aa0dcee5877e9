#pragma once
/// \file
/// The container's log in docker's json-file format: one JSON object per line,
/// `{"log":"hello\n","stream":"stdout","time":"2025-06-01T12:00:00.000000000Z"}`.

#include <array>
#include <string>
#include <string_view>

#include "01-cli-socket/unique_fd.hpp"
#include "stdio_mux.hpp"

namespace slipway {

/// Writes the log. Output becomes entries line by line; a line longer than 16 KiB becomes several (docker's rule: only
/// the last ends in "\n"); a line without an end is written at `finish`. Every `write` goes to the file before it
/// returns: nothing whole waits in our memory. Not thread-safe.
class JsonLogWriter {
 public:
  /// \param path  the file, appended to; empty: no log is kept  \throws SysError
  explicit JsonLogWriter(const std::string& path);

  /// \param time  RFC 3339 with nanoseconds
  void write(StdioStream stream, std::string_view bytes, std::string_view time);
  /// Writes what is left without a line end. \param sync  also fdatasync(2)
  void finish(std::string_view time, bool sync);

 private:
  void append_lines(StdioStream stream, std::string& rest, std::string_view time);
  void flush();

  UniqueFd file_;
  std::string path_;
  std::array<std::string, 2> partial_;  ///< the unfinished line of each stream
  std::string entries_;                 ///< whole entries of the current write
};

/// Appends `text` as a JSON string, quotes included: control characters escaped; '<', '>', '&' and the line separators as
/// \\uXXXX as Go's encoder does; bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace slipway
