#pragma once
/// \file
/// What a daemon says to its operator: one line per event on stderr, in dockerd's own shape (logfmt), so that the
/// same tools read both: `time="2025-06-01T12:00:00.000000000Z" level=info msg="API listen on /run/…"`.

#include <cstdint>
#include <string>
#include <string_view>

namespace slipway {

/// How serious a line is; printed as its name.
enum class LogLevel { debug, info, warning, error };

/// Writes one line to stderr in a single write(2), so that lines of several threads do not mix. Thread-safe.
void log_line(LogLevel level, std::string_view message);

/// The line as text, line feed included; `time` is RFC 3339. For tests, and for what logs elsewhere.
std::string format_log_line(std::string_view time, LogLevel level, std::string_view message);

/// Now in UTC as RFC 3339 with nine digits of a second: "2025-06-01T12:00:00.000000000Z".
std::string rfc3339_now();
/// The same for a moment in nanoseconds since the epoch.
std::string rfc3339(std::int64_t unix_nanoseconds);

}  // namespace slipway
