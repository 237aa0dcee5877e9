#pragma once
/// \file
/// Times and sizes as people read and write them, in the exact words of Docker's clients (docker/go-units).

#include <cstdint>
#include <string>
#include <string_view>

namespace slipway {

/// Now, in nanoseconds since the epoch.
std::int64_t unix_nanoseconds();

/// "Less than a second", "5 minutes", "About an hour", "3 weeks", …
std::string human_duration(std::int64_t seconds);

/// Powers of 1000, four digits unless you say otherwise: "4.261MB", "0B".
std::string human_size(double bytes, int digits = 4);

/// Powers of 1024, four digits: "1.944MiB", "0B".
std::string binary_size(double bytes);

/// "512m", "1.5g", "64MiB", "1024": powers of 1024, as -m and --shm-size take them.
/// \throws std::runtime_error that quotes the text
std::int64_t parse_size(const std::string& text);

/// "1h30m", "10s", "1.5h", "250ms" in nanoseconds, as Go's time.ParseDuration reads it.
/// \throws std::runtime_error that quotes the text
std::int64_t parse_duration(const std::string& text);

/// A moment on a command line as the API wants it ("1700000000.000000000"): RFC 3339 with or without time and zone (UTC
/// if none), seconds since the epoch, or how long ago ("10m").
/// \param now_ns  nanoseconds since the epoch
/// \throws std::runtime_error that quotes the text
std::string parse_moment(const std::string& text, std::int64_t now_ns);

}  // namespace slipway
