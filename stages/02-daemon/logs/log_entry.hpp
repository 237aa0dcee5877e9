#pragma once
/// \file
/// One entry of a log in docker's json-file format (json_log.hpp), read.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "02-daemon/base/stdio_mux.hpp"

namespace slipway {

/// One entry.
struct LogEntry {
  StdioStream stream = StdioStream::out;
  std::string text;          ///< as written, with its line end
  std::string time;          ///< RFC 3339 with nanoseconds
  std::string attributes{};  ///< the JSON of its "attrs"; empty if it has none
};

/// Reads one line of a log file. Nothing if it is no entry; of a line that begins with the remains of one (a power cut
/// leaves zeros, a full disk half an entry) the whole entry behind them is taken.
std::optional<LogEntry> parse_log_entry(std::string_view line);

/// True if the entry that ends where `line` ends (its last bytes are enough) ends a line of output, too. Longer lines than
/// 16 KiB have several entries, and only the last does.
bool ends_output_line(std::string_view line);

/// A time parameter of the API ("1700000000", "1700000000.5", or RFC 3339) as nanoseconds since the epoch.
/// \throws ApiError 400 that names the parameter
std::int64_t parse_log_time(const std::string& text, std::string_view parameter);
/// An entry's own time in nanoseconds since the epoch; 0 if it has none.
std::int64_t entry_nanoseconds(const LogEntry& entry);

}  // namespace slipway
