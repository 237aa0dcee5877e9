#include "log_line.hpp"

#include <time.h>
#include <unistd.h>

#include <cstdio>

namespace slipway {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "info";
}

/// Quoted so that one event stays one line, whatever a client put into the message.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '"' || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else {
      out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return out + '"';
}

}  // namespace

std::string rfc3339(std::int64_t unix_nanoseconds) {
  const time_t seconds = unix_nanoseconds / kNanosecondsPerSecond;
  tm utc{};
  ::gmtime_r(&seconds, &utc);
  char date[32];
  ::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
  char text[64];
  std::snprintf(text, sizeof text, "%s.%09ldZ", date,
                static_cast<long>(unix_nanoseconds % kNanosecondsPerSecond));
  return text;
}

std::string rfc3339_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return rfc3339(now.tv_sec * kNanosecondsPerSecond + now.tv_nsec);
}

std::string format_log_line(std::string_view time, LogLevel level, std::string_view message) {
  std::string line = "time=\"";
  line.append(time).append("\" level=").append(name_of(level)).append(" msg=");
  return line.append(quoted(message)).append("\n");
}

void log_line(LogLevel level, std::string_view message) {
  const std::string line = format_log_line(rfc3339_now(), level, message);
  // A log that nobody can read any more (a closed pipe, a full disk) must not stop the daemon.
  [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace slipway
