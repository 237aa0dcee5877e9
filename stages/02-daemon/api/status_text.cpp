#include "status_text.hpp"

#include <charconv>
#include <ctime>

#include "02-daemon/base/human_text.hpp"

namespace slipway {
namespace {

std::string since(const std::string& time) {
  return human_duration(std::time(nullptr) - unix_seconds_of(time));
}

std::string with_code(const char* word, const ContainerState& state) {
  return std::string(word) + " (" + std::to_string(state.exit_code) + ") " +
         since(state.finished_at) + " ago";
}

/// The number at `text[at, at + length)`; -1 if it is none.
int number_at(const std::string& text, std::size_t at, std::size_t length) {
  int number = -1;
  if (at + length <= text.size())
    std::from_chars(text.data() + at, text.data() + at + length, number);
  return number;
}

}  // namespace

std::string status_text(const ContainerState& state) {
  switch (state.status) {
    case Status::created:
      return "Created";
    case Status::running:
      return "Up " + since(state.started_at);
    case Status::paused:
      return "Up " + since(state.started_at) + " (Paused)";
    case Status::restarting:
      return with_code("Restarting", state);
    case Status::removing:
      return "Removal In Progress";
    case Status::dead:
      return state.error.empty() ? "Dead" : "Dead: " + state.error;
    case Status::exited:
      break;
  }
  return with_code("Exited", state);
}

// A list asks for this ten thousand times: strptime(3) and timegm(3) would be half of its time.
std::int64_t unix_seconds_of(const std::string& time) {
  const std::int64_t year = number_at(time, 0, 4);
  const int month = number_at(time, 5, 2);
  const int day = number_at(time, 8, 2);
  if (year < 1 || month < 1 || day < 1) return 0;
  // Days since 1970-01-01 in the Gregorian calendar; years begin in March, so that leap days come last.
  const std::int64_t from_march = month > 2 ? year : year - 1;
  const std::int64_t era_day = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const std::int64_t days =
      365 * from_march + from_march / 4 - from_march / 100 + from_march / 400 + era_day - 719468;
  return ((days * 24 + number_at(time, 11, 2)) * 60 + number_at(time, 14, 2)) * 60 +
         number_at(time, 17, 2);
}

}  // namespace slipway
