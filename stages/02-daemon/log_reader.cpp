#include "log_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <ctime>
#include <nlohmann/json.hpp>
#include <vector>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/sys_error.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::int64_t kNanoseconds = 1'000'000'000;

std::optional<LogEntry> parse_entry(std::string_view line) {
  const json entry = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!entry.is_object()) return std::nullopt;
  std::array<std::string, 3> texts;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto found = entry.find(std::array{"log", "stream", "time"}[i]);
    if (found == entry.end() || !found->is_string()) return std::nullopt;
    texts[i] = *found;
  }
  return LogEntry{.stream = texts[1] == "stderr" ? StdioStream::err : StdioStream::out,
                  .text = std::move(texts[0]),
                  .time = std::move(texts[2])};
}

/// ".5" as 500,000,000 nanoseconds.
std::int64_t fraction(std::string_view digits) {
  std::int64_t nanoseconds = 0;
  for (std::size_t i = 0; i < 9; ++i) {
    const bool digit = i < digits.size() && digits[i] >= '0' && digits[i] <= '9';
    nanoseconds = nanoseconds * 10 + (digit ? digits[i] - '0' : 0);
  }
  return nanoseconds;
}

std::optional<std::int64_t> rfc3339_nanoseconds(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (!rest) return std::nullopt;
  const std::int64_t seconds = ::timegm(&parts);
  return seconds * kNanoseconds + (*rest == '.' ? fraction(rest + 1) : 0);
}

}  // namespace

bool LogReader::open() {
  if (file_) return true;
  file_.reset(::open(path_.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file_ && errno != ENOENT) throw SysError(errno, "open", path_);
  return static_cast<bool>(file_);
}

bool LogReader::read_more() {
  if (!open()) return false;
  text_.erase(0, std::exchange(at_, 0));
  const std::size_t old = text_.size();
  text_.resize(old + kReadBytes);
  const ssize_t count =
      retry_on_signal([&] { return ::read(file_.get(), text_.data() + old, kReadBytes); });
  text_.resize(old + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return check(count, "read", path_) > 0;
}

std::optional<LogEntry> LogReader::next() {
  for (;;) {
    const std::size_t end = text_.find('\n', at_);
    if (end == std::string::npos) {
      if (!read_more()) return std::nullopt;
      continue;
    }
    const std::string_view line = std::string_view(text_).substr(at_, end - at_);
    at_ = end + 1;
    if (auto entry = parse_entry(line)) return entry;
  }
}

void LogReader::seek_last(std::size_t count) {
  if (!open()) return;
  // Backwards in blocks, until enough line ends are passed.
  off_t start = check(::lseek(file_.get(), 0, SEEK_END), "lseek", path_);
  std::size_t lines = 0;
  std::vector<char> block(kReadBytes);
  while (start > 0) {
    const off_t from = std::max<off_t>(0, start - static_cast<off_t>(kReadBytes));
    const ssize_t size =
        check(::pread(file_.get(), block.data(), static_cast<std::size_t>(start - from), from),
              "pread", path_);
    for (ssize_t i = size; i-- > 0;) {
      // The line end that closes the last entry is not between two entries.
      if (block[static_cast<std::size_t>(i)] == '\n' && lines++ == count) {
        check(::lseek(file_.get(), from + i + 1, SEEK_SET), "lseek", path_);
        return;
      }
    }
    start = from;
  }
  check(::lseek(file_.get(), 0, SEEK_SET), "lseek", path_);
}

std::int64_t parse_log_time(const std::string& text, std::string_view parameter) {
  std::int64_t seconds = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, seconds);
  if (parsed.ec == std::errc{} && parsed.ptr == end) return seconds * kNanoseconds;
  if (parsed.ec == std::errc{} && *parsed.ptr == '.') {
    return seconds * kNanoseconds + fraction({parsed.ptr + 1, end});
  }
  if (const auto time = rfc3339_nanoseconds(text)) return *time;
  throw bad_request("query parameter '" + std::string(parameter) + "': '" + text + "' is no time");
}

std::int64_t entry_nanoseconds(const LogEntry& entry) {
  return rfc3339_nanoseconds(entry.time).value_or(0);
}

}  // namespace slipway
