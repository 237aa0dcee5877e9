#include "explain_story.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

namespace slipway {
namespace {

/// The boxes in their order; a box that is not listed stands at the right edge.
constexpr std::array<std::string_view, 5> kBoxes = {"cli", "engine", "supervisor", "shim",
                                                    "container"};
/// Wide enough for a request line, narrow enough for a terminal beside the times.
constexpr std::size_t kLongestText = 76;

std::size_t depth_of(const std::string& box) {
  const auto found = std::find(kBoxes.begin(), kBoxes.end(), box);
  return static_cast<std::size_t>(found - kBoxes.begin());
}

std::string milliseconds(std::int64_t microseconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%8.2f", static_cast<double>(microseconds) / 1000.0);
  return text;
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

/// Ids of 64 hex digits become their first 12, as people know them from `ps`.
std::string with_short_ids(const std::string& text) {
  constexpr std::size_t kWhole = 64;
  constexpr std::size_t kShort = 12;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_hex(text[end])) ++end;
    out += text.substr(at, end - at == kWhole ? kShort : std::max<std::size_t>(end - at, 1));
    at = std::max(end, at + 1);
  }
  return out;
}

/// Control characters made harmless for terminals.
std::string harmless(std::string text) {
  for (char& c : text) c = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  return text;
}

/// The first byte of a character at `at` or before it: UTF-8 is kept whole.
std::size_t character_at(const std::string& text, std::size_t at) {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

/// One line, not longer than `limit` bytes: what is too much is left out in the middle, since paths differ at their ends.
std::string one_line(std::string text, std::size_t limit) {
  text = harmless(with_short_ids(text));
  if (text.size() <= limit) return text;
  const std::size_t head = character_at(text, limit / 2);
  const std::size_t tail = character_at(text, text.size() - (limit - limit / 2));
  return text.substr(0, head) + "…" + text.substr(tail);
}

/// The times' columns, which stay empty beside a by-hand line.
constexpr std::size_t kTimesWidth = 18;

std::string indent_of(const TraceStep& step) { return std::string(2 * depth_of(step.box), ' '); }

/// A line break in a command of several lines is one for the shell, too; here it would break the picture.
std::string by_hand_line(const TraceStep& step) {
  return std::string(kTimesWidth, ' ') + indent_of(step) + "$ " + harmless(step.by_hand) + "\n";
}

std::string story_line(const TraceStep& step, std::int64_t start_us) {
  std::string what = step.call;
  if (!step.arguments.empty()) what += " " + step.arguments;
  std::string line = milliseconds(step.start_us - start_us) + milliseconds(step.duration_us) + "  ";
  line += indent_of(step) + step.box + ": " + one_line(what, kLongestText);
  if (!step.result.empty() && step.result != "ok")
    line += " → " + one_line(step.result, kLongestText);
  return line + "   [" + step.stage + " " + step.name + "]\n";
}

/// Boxes on one kernel share a clock, so of two steps that start together the longer one is the
/// outer one.
bool earlier(const TraceStep& a, const TraceStep& b) {
  if (a.start_us != b.start_us) return a.start_us < b.start_us;
  return a.duration_us > b.duration_us;
}

/// A step that came twice: boxes repeat in a later answer what they have told in an earlier one.
bool same_step(const TraceStep& a, const TraceStep& b) {
  return a.start_us == b.start_us && a.duration_us == b.duration_us && a.box == b.box &&
         a.name == b.name && a.call == b.call && a.arguments == b.arguments;
}

std::string boxes_seen(const std::vector<TraceStep>& steps) {
  std::map<std::size_t, std::pair<std::string, int>> seen;
  for (const TraceStep& step : steps) {
    auto& [box, count] = seen[depth_of(step.box)];
    box = step.box;
    ++count;
  }
  std::string text;
  for (const auto& [depth, entry] : seen) {
    text += (text.empty() ? "" : ", ") + entry.first + " " + std::to_string(entry.second);
  }
  return text;
}

}  // namespace

std::string explain_story(const std::string& title, std::vector<TraceStep> steps,
                          std::int64_t start_us, std::int64_t end_us, ExplainMode mode) {
  std::stable_sort(steps.begin(), steps.end(), earlier);
  steps.erase(std::unique(steps.begin(), steps.end(), same_step), steps.end());
  if (mode == ExplainMode::json) return steps_to_text(steps) + "\n";
  std::string text = "\nWhat the boxes did for `" + one_line(title, kLongestText) + "`:\n";
  text += " at (ms)   took  box: call → result   [stage step]\n";
  for (const TraceStep& step : steps) {
    text += story_line(step, start_us);
    if (mode == ExplainMode::by_hand && !step.by_hand.empty()) text += by_hand_line(step);
  }
  return text + milliseconds(end_us - start_us) + "   total; steps: " + boxes_seen(steps) + "\n";
}

}  // namespace slipway
