#include "human_text.hpp"

#include <time.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace slipway {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::string count_of(std::int64_t count, std::string_view unit) {
  return std::to_string(count) + " " + std::string(unit);
}

std::runtime_error unreadable(const std::string& text, const std::string& what) {
  return std::runtime_error("invalid " + what + " '" + text + "'");
}

/// The number at the front of `text`, which is removed; negative if there is none.
double take_number(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string digits(text.substr(0, end));
  char* stop = nullptr;
  const double number = std::strtod(digits.c_str(), &stop);
  if (digits.empty() || stop != digits.c_str() + digits.size()) return -1;
  text.remove_prefix(end);
  return number;
}

double unit_nanoseconds(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, double>, 7> kUnits = {
      {{"ns", 1}, {"us", 1e3}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
  for (const auto& [name, value] : kUnits) {
    if (unit == name) return value;
  }
  return 0;
}

/// Seconds, and nanoseconds behind the point, without going through floating point.
std::string seconds_text(const std::string& text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string fraction = point < text.size() ? text.substr(point + 1) : "";
  fraction.resize(9, '0');
  return text.substr(0, point) + "." + fraction;
}

/// "+02:00" in seconds; 0 for "Z" and for nothing.
std::int64_t zone_seconds(std::string_view zone, const std::string& whole) {
  int hours = 0;
  int minutes = 0;
  if (zone.empty() || zone == "Z") return 0;
  if (std::sscanf(std::string(zone.substr(1)).c_str(), "%2d:%2d", &hours, &minutes) != 2 ||
      (zone[0] != '+' && zone[0] != '-')) {
    throw unreadable(whole, "time");
  }
  return (zone[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

std::string rfc3339_seconds(const std::string& text) {
  tm date{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%d", &date);
  if (!rest) throw unreadable(text, "time");
  std::string fraction;
  if (*rest == 'T') {
    const char* time = rest + 1;
    rest = ::strptime(time, "%H:%M:%S", &date);
    if (!rest) rest = ::strptime(time, "%H:%M", &date);
    if (!rest) throw unreadable(text, "time");
    if (*rest == '.') {
      for (++rest; *rest >= '0' && *rest <= '9'; ++rest) fraction += *rest;
    }
  }
  const std::int64_t seconds = ::timegm(&date) - zone_seconds(rest, text);
  return seconds_text(std::to_string(seconds) + "." + fraction);
}

}  // namespace

std::int64_t unix_nanoseconds() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
}

std::string human_duration(std::int64_t seconds) {
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = (seconds + 1800) / 3600;  // rounded
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return count_of(seconds, "seconds");
  if (minutes == 1) return "About a minute";
  if (minutes < 60) return count_of(minutes, "minutes");
  if (hours == 1) return "About an hour";
  if (hours < 48) return count_of(hours, "hours");
  if (hours < 24 * 7 * 2) return count_of(hours / 24, "days");
  if (hours < 24 * 30 * 2) return count_of(hours / 24 / 7, "weeks");
  if (hours < 24 * 365 * 2) return count_of(hours / 24 / 30, "months");
  return count_of(seconds / 3600 / 24 / 365, "years");
}

namespace {

/// \param base  of the powers that the units stand for
std::string size_text(double bytes, double base, int digits,
                      const std::array<std::string_view, 6>& units) {
  std::size_t unit = 0;
  while (bytes >= base && unit + 1 < units.size()) {
    bytes /= base;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.*g", digits, bytes);
  return std::string(text).append(units[unit]);
}

}  // namespace

std::string human_size(double bytes, int digits) {
  return size_text(bytes, 1000, digits, {"B", "kB", "MB", "GB", "TB", "PB"});
}

std::string binary_size(double bytes) {
  return size_text(bytes, 1024, 4, {"B", "KiB", "MiB", "GiB", "TiB", "PiB"});
}

std::int64_t parse_size(const std::string& text) {
  std::string_view rest = text;
  const double number = take_number(rest);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  constexpr std::string_view kPrefixes = "bkmgtp";
  std::size_t power = 0;
  if (!rest.empty()) {
    power = kPrefixes.find(static_cast<char>(rest[0] | 0x20));  // lower case
    rest.remove_prefix(1);
  }
  const bool ended =
      rest.empty() || (power > 0 && (rest == "b" || rest == "B" || rest == "ib" || rest == "iB"));
  if (number < 0 || power == std::string_view::npos || !ended) throw unreadable(text, "size");
  double bytes = number;
  for (; power > 0; --power) bytes *= 1024;
  if (bytes >= 9.2e18) throw unreadable(text, "size");
  return static_cast<std::int64_t>(bytes);
}

std::int64_t parse_duration(const std::string& text) {
  if (text == "0") return 0;
  std::string_view rest = text;
  double total = 0;
  while (!rest.empty()) {
    const double number = take_number(rest);
    const std::size_t end = std::min(rest.find_first_of("0123456789."), rest.size());
    const double unit = unit_nanoseconds(rest.substr(0, end));
    if (number < 0 || unit == 0) throw unreadable(text, "duration");
    total += number * unit;
    rest.remove_prefix(end);
  }
  if (text.empty() || total >= 9.2e18) throw unreadable(text, "duration");
  return static_cast<std::int64_t>(total);
}

std::string parse_moment(const std::string& text, std::int64_t now_ns) {
  if (text.find_first_not_of("0123456789.") == std::string::npos && !text.empty())
    return seconds_text(text);
  if (text.size() >= 10 && text[4] == '-' && text[7] == '-') return rfc3339_seconds(text);
  const std::int64_t then = now_ns - parse_duration(text);
  char nanoseconds[16];
  std::snprintf(nanoseconds, sizeof nanoseconds, ".%09ld", static_cast<long>(then % kSecond));
  return std::to_string(then / kSecond) + nanoseconds;
}

}  // namespace slipway
