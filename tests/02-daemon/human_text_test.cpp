/// \file
/// Durations, sizes and moments in the words of Docker's clients; tables.

#include "02-daemon/base/human_text.hpp"
#include "02-daemon/cli/text_table.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using Catch::Contains;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMinute = 60, kHour = 3600, kDay = 86400;  // in seconds

}  // namespace

TEST_CASE("durations, at the borders where their words change", "[text]") {
  const auto [seconds, words] =
      GENERATE(table<std::int64_t, std::string>({{-5, "Less than a second"},
                                                 {0, "Less than a second"},
                                                 {1, "1 second"},
                                                 {2, "2 seconds"},
                                                 {59, "59 seconds"},
                                                 {kMinute, "About a minute"},
                                                 {119, "About a minute"},
                                                 {2 * kMinute, "2 minutes"},
                                                 {kHour - 1, "59 minutes"},
                                                 {kHour, "About an hour"},
                                                 {89 * kMinute, "About an hour"},
                                                 {90 * kMinute, "2 hours"},
                                                 {47 * kHour, "47 hours"},
                                                 {48 * kHour, "2 days"},
                                                 {13 * kDay, "13 days"},
                                                 {14 * kDay, "2 weeks"},
                                                 {59 * kDay, "8 weeks"},
                                                 {60 * kDay, "2 months"},
                                                 {729 * kDay, "24 months"},
                                                 {730 * kDay, "2 years"},
                                                 {3650 * kDay, "10 years"}}));
  CAPTURE(seconds);
  CHECK(human_duration(seconds) == words);
}

TEST_CASE("sizes", "[text]") {
  const auto [bytes, words] = GENERATE(table<double, std::string>({{0, "0B"},
                                                                   {999, "999B"},
                                                                   {1000, "1kB"},
                                                                   {4261000, "4.261MB"},
                                                                   {4261550, "4.262MB"},
                                                                   {1e9, "1GB"},
                                                                   {123456789012, "123.5GB"}}));
  CHECK(human_size(bytes) == words);
}

TEST_CASE("sizes as people type them", "[text]") {
  const auto [text, bytes] = GENERATE(table<std::string, std::int64_t>({{"0", 0},
                                                                        {"1024", 1024},
                                                                        {"512m", 512LL << 20},
                                                                        {"512M", 512LL << 20},
                                                                        {"1.5g", 3LL << 29},
                                                                        {"64MiB", 64LL << 20},
                                                                        {"64mb", 64LL << 20},
                                                                        {"1k", 1024},
                                                                        {"7b", 7},
                                                                        {"2 g", 2LL << 30},
                                                                        {"1t", 1LL << 40}}));
  CAPTURE(text);
  CHECK(parse_size(text) == bytes);
  for (const std::string bad : {"", "m", "-1", "1x", "1mm", "1.2.3", "99999999p", "0x10"}) {
    CAPTURE(bad);
    CHECK_THROWS_WITH(parse_size(bad), Contains("'" + bad + "'"));
  }
}

TEST_CASE("Go's durations", "[text]") {
  const auto [text, expected] =
      GENERATE(table<std::string, std::int64_t>({{"0", 0},
                                                 {"10s", 10 * kSecond},
                                                 {"1h30m", 5400 * kSecond},
                                                 {"1.5h", 5400 * kSecond},
                                                 {"250ms", kSecond / 4},
                                                 {"7ns", 7},
                                                 {"2us", 2000}}));
  CHECK(parse_duration(text) == expected);
  for (const std::string bad : {"", "10", "s", "1x", "-1s", "1h-1m", "99999999999h"}) {
    CAPTURE(bad);
    CHECK_THROWS_WITH(parse_duration(bad), Contains("'" + bad + "'"));
  }
}

TEST_CASE("moments for the API", "[text]") {
  constexpr std::int64_t kNow = 1'700'000'000'123'456'789;
  const auto [text, expected] = GENERATE(
      table<std::string, std::string>({{"1600000000", "1600000000.000000000"},
                                       {"1600000000.5", "1600000000.500000000"},
                                       {"10m", "1699999400.123456789"},
                                       {"2025-01-02T03:04:05Z", "1735787045.000000000"},
                                       {"2025-01-02T03:04:05.25Z", "1735787045.250000000"},
                                       {"2025-01-02T05:04:05+02:00", "1735787045.000000000"},
                                       {"2025-01-02", "1735776000.000000000"},
                                       {"2025-01-02T03:04", "1735787040.000000000"}}));
  CAPTURE(text);
  CHECK(parse_moment(text, kNow) == expected);
  for (const std::string bad :
       {"", "yesterday", "2025-13-99", "2025-01-02T99", "2025-01-02T03:04:05*01:00"}) {
    CAPTURE(bad);
    CHECK_THROWS(parse_moment(bad, kNow));
  }
}

TEST_CASE("tables stand in columns, by characters and not by bytes", "[text]") {
  CHECK(text_table({{"ID", "NAME"}, {"1", "é…"}, {"long", "x"}}) ==
        "ID        NAME\n1         é…\nlong      x\n");
  CHECK(text_table({{"A", "B", "C"}, {"é", "", "c"}}) ==
        "A         B         C\né                   c\n");
  CHECK(text_table({}).empty());
}
