#include "log_entry.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "json_text.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr std::int64_t kNanoseconds = 1'000'000'000;
constexpr std::string_view kStart = R"({"log":")";

/// Entries that we or docker wrote always look the same.
std::optional<LogEntry> parse_canonical(std::string_view line) {
  const auto take = [&](std::string_view word) {
    const bool there = line.starts_with(word);
    if (there) line.remove_prefix(word.size());
    return there;
  };
  if (!take(R"({"log":)")) return std::nullopt;
  auto text = take_json_string(line);
  const bool out = take(R"(,"stream":"stdout")");
  if (!text || (!out && !take(R"(,"stream":"stderr")")) || !take(R"(,"time":)"))
    return std::nullopt;
  auto time = take_json_string(line);
  if (!time || line != "}") return std::nullopt;
  return LogEntry{.stream = out ? StdioStream::out : StdioStream::err,
                  .text = std::move(*text),
                  .time = std::move(*time)};
}

/// Any JSON with the right fields.
std::optional<LogEntry> parse_general(std::string_view line) {
  const json entry = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!entry.is_object()) return std::nullopt;
  std::array<std::string, 3> texts;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto found = entry.find(std::array{"log", "stream", "time"}[i]);
    if (found == entry.end() || !found->is_string()) return std::nullopt;
    texts[i] = *found;
  }
  const json attributes = entry.value("attrs", json());
  return LogEntry{.stream = texts[1] == "stderr" ? StdioStream::err : StdioStream::out,
                  .text = std::move(texts[0]),
                  .time = std::move(texts[2]),
                  .attributes = attributes.is_object() ? attributes.dump() : ""};
}

/// ".5" as 500,000,000 nanoseconds; `digits` is moved behind them.
std::int64_t fraction(const char*& digits) {
  std::int64_t nanoseconds = 0;
  std::int64_t unit = kNanoseconds;
  for (; *digits >= '0' && *digits <= '9'; ++digits) {
    unit /= 10;
    nanoseconds += unit * (*digits - '0');
  }
  return nanoseconds;
}

/// "Z", "+02:00" in seconds; nothing if it is no such thing.
std::optional<std::int64_t> zone_seconds(const char* text) {
  if (*text == '\0' || std::string_view(text) == "Z") return 0;
  int hours = 0;
  int minutes = 0;
  if ((*text != '+' && *text != '-') || std::sscanf(text + 1, "%2d:%2d", &hours, &minutes) != 2)
    return std::nullopt;
  return (*text == '-' ? -60 : 60) * (std::int64_t{hours} * 60 + minutes);
}

std::optional<std::int64_t> rfc3339_nanoseconds(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (!rest) return std::nullopt;
  const std::int64_t nanoseconds = *rest == '.' ? fraction(++rest) : 0;
  const auto zone = zone_seconds(rest);
  if (!zone) return std::nullopt;
  return (::timegm(&parts) - *zone) * kNanoseconds + nanoseconds;
}

}  // namespace

std::optional<LogEntry> parse_log_entry(std::string_view line) {
  if (auto entry = parse_canonical(line)) return entry;
  if (auto entry = parse_general(line)) return entry;
  const std::size_t start = line.rfind(kStart);
  if (start == std::string_view::npos || start == 0) return std::nullopt;
  return parse_general(line.substr(start));
}

bool ends_output_line(std::string_view line) {
  const std::size_t end =
      line.rfind(R"(","stream":")");  // no text holds this: its quotes are escaped
  if (end == std::string_view::npos) return true;
  const std::string_view text = line.substr(0, end);
  if (!text.ends_with('n')) return false;
  const std::size_t before = text.find_last_not_of('\\', text.size() - 2);
  return (text.size() - 2 - before) % 2 == 1;  // "\n", and not "\\n"
}

std::int64_t parse_log_time(const std::string& text, std::string_view parameter) {
  std::int64_t seconds = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, seconds);
  const char* rest = parsed.ptr;
  if (parsed.ec == std::errc{}) {
    const std::int64_t nanoseconds = *rest == '.' ? fraction(++rest) : 0;
    if (rest == end) return seconds * kNanoseconds + nanoseconds;
  }
  if (const auto time = rfc3339_nanoseconds(text)) return *time;
  throw bad_request("query parameter '" + std::string(parameter) + "': '" + text + "' is no time");
}

std::int64_t entry_nanoseconds(const LogEntry& entry) {
  return rfc3339_nanoseconds(entry.time).value_or(0);
}

}  // namespace slipway
