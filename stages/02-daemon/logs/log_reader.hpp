#pragma once
/// \file
/// Reading a container's log, all its files as one stream (log_files.hpp).

#include <deque>
#include <optional>
#include <string>

#include "01-cli-socket/unique_fd.hpp"
#include "log_entry.hpp"

namespace slipway {

/// Reads entries in order, the oldest file first; at the end it may be asked again later, for what has come meanwhile, and
/// follows the writer into its next file. A line that is no entry (a power cut may tear one) is skipped. Files that were
/// there at the first look stay readable to the end, even if the writer lets go of them. Not thread-safe.
class LogReader {
 public:
  /// No file is an empty log: the container has not been started yet.
  explicit LogReader(std::string path) : path_(std::move(path)) {}

  /// The next whole entry; nothing at the end of what is there. \throws SysError
  std::optional<LogEntry> next();
  /// Skips to the last `count` lines of output.
  void seek_last(std::size_t count);

 private:
  bool open();
  bool read_more();
  bool next_file();
  void start_at(std::size_t file, off_t offset);

  std::string path_;
  std::deque<UniqueFd> files_;  ///< the one that is read, and those after it
  std::string text_;
  std::size_t at_ = 0;        ///< what of `text_` has been used
  std::size_t searched_ = 0;  ///< no line feed is between `at_` and here
};

}  // namespace slipway
