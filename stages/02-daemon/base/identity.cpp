#include "identity.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/sys_error.hpp"

namespace slipway {
namespace {

constexpr std::array kAdjectives = {"able",   "agile",  "bold",   "brave", "bright", "calm",
                                    "clever", "daring", "eager",  "fair",  "gentle", "happy",
                                    "jolly",  "keen",   "lively", "merry", "nimble", "patient",
                                    "quick",  "steady", "wise"};
/// People who gave computing its hulls and its charts.
constexpr std::array kSurnames = {"babbage", "backus",   "bell",      "boole",    "cerf",
                                  "codd",    "dijkstra", "engelbart", "hamilton", "hoare",
                                  "hopper",  "johnson",  "kernighan", "knuth",    "lamport",
                                  "liskov",  "lovelace", "mccarthy",  "perlman",  "ritchie",
                                  "shannon", "thompson", "torvalds",  "turing",   "wirth"};

template <std::size_t Size>
std::array<unsigned char, Size> random_bytes() {
  std::array<unsigned char, Size> bytes;
  const ssize_t count = ::getrandom(bytes.data(), bytes.size(), 0);
  check(count, "getrandom");
  return bytes;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
}

}  // namespace

std::string random_id() {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string id;
  do {
    id.clear();
    for (const unsigned char byte : random_bytes<32>()) id += {kHex[byte >> 4], kHex[byte & 15]};
  } while (std::all_of(id.begin(), id.begin() + 12, is_digit));
  return id;
}

std::string random_name() {
  const auto bytes = random_bytes<4>();
  const auto pick = [](const auto& list, unsigned high, unsigned low) {
    return std::string(list[(high * 256 + low) % list.size()]);
  };
  return pick(kAdjectives, bytes[0], bytes[1]) + "_" + pick(kSurnames, bytes[2], bytes[3]);
}

void check_container_name(const std::string& name) {
  const bool good = name.size() >= 2 && name.size() <= 255 && is_name_char(name.front()) &&
                    std::isalnum(static_cast<unsigned char>(name.front())) != 0 &&
                    std::all_of(name.begin(), name.end(), is_name_char);
  if (good) return;
  throw bad_request("Invalid container name (" + name +
                    "), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
}

}  // namespace slipway
