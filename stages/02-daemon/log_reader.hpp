#pragma once
/// \file
/// Reading a container's log: docker's json-file format (json_log.hpp) back into what the container wrote.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "01-cli-socket/unique_fd.hpp"
#include "stdio_mux.hpp"

namespace slipway {

/// One entry.
struct LogEntry {
  StdioStream stream = StdioStream::out;
  std::string text;  ///< as written, with its line end
  std::string time;  ///< RFC 3339 with nanoseconds
};

/// Reads entries in order; at the end of the file it may be asked again later, for what has come meanwhile. A line that is
/// no entry (a power cut may tear one) is skipped. Not thread-safe.
class LogReader {
 public:
  /// No file is an empty log: the container has not been started yet.
  explicit LogReader(std::string path) : path_(std::move(path)) {}

  /// The next whole entry; nothing at the end of what is there. \throws SysError
  std::optional<LogEntry> next();
  /// Skips to the last `count` entries.
  void seek_last(std::size_t count);

 private:
  bool open();
  bool read_more();
  std::string path_;
  UniqueFd file_;
  std::string text_;
  std::size_t at_ = 0;  ///< what of `text_` has been used
};

/// A time parameter of the API ("1700000000", "1700000000.5", or RFC 3339) as nanoseconds since the epoch.
/// \throws ApiError 400 that names the parameter
std::int64_t parse_log_time(const std::string& text, std::string_view parameter);
/// An entry's own time in nanoseconds since the epoch; 0 if it has none.
std::int64_t entry_nanoseconds(const LogEntry& entry);

}  // namespace slipway
