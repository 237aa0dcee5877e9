#include "claims.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace slipway::test {
namespace {

using Words = std::vector<std::string>;

Words split(std::string_view text, std::string_view separator) {
  Words words;
  for (;;) {
    const std::size_t end = text.find(separator);
    words.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return words;
    text.remove_prefix(end + separator.size());
  }
}

bool is_call_name(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// The system calls that the step claims; none for a request, or for what is in words.
Words claimed_calls(const TraceStep& step) {
  if (step.box == "cli") return {};  // it is not watched
  Words calls = split(step.call, ", ");
  return std::ranges::all_of(calls, is_call_name) ? calls : Words();
}

Words main_arguments(const std::string& arguments) {
  if (arguments.starts_with('{')) return split(arguments.substr(1, arguments.find('}') - 1), ",");
  std::string first = arguments.substr(0, arguments.find(' '));
  while (first.ends_with(':') || first.ends_with(',')) first.pop_back();
  return {first};
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_path(char c) { return is_word(c) || c == '/' || c == '.' || c == '-'; }

/// True if it stands there by itself: "/proc" does in "</tmp/root/proc>", and not in "</proc/bus>".
bool mentions(const std::string& text, const std::string& what) {
  if (what.empty()) return true;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    const std::size_t end = at + what.size();
    const bool begins = at == 0 || !is_word(text[at - 1]) || !is_word(what.front());
    const bool ends = end == text.size() || !is_path(text[end]) || !is_path(what.back());
    if (begins && ends) return true;
  }
  return false;
}

bool mentions_all(const std::string& text, const std::string& whats) {
  const Words parts = split(whats, "|");
  return std::ranges::all_of(parts, [&](const std::string& part) { return mentions(text, part); });
}

/// The names that strace has for what a manual page calls so.
std::set<std::string> names_of(const std::string& call) {
  if (call == "prlimit") return {"prlimit64"};
  if (call == "posix_spawn") return {"clone3", "clone", "vfork"};  // posix_spawn(3)
  return {call};
}

pid_t pid_of(const std::string& result) {
  pid_t pid = 0;
  std::from_chars(result.data(), result.data() + result.size(), pid);
  return pid;
}

bool executes(const std::vector<SeenCall>& calls, const std::string& program) {
  return std::ranges::any_of(calls, [&](const SeenCall& call) {
    return call.name == "execve" && call.result == "0" && mentions(call.arguments, program);
  });
}

using Boxes = std::map<std::string, std::vector<SeenCall>>;

/// A program is named where the new process executes it.
bool spawned(const Boxes& seen, pid_t pid, const std::string& program) {
  return std::ranges::any_of(seen, [&](const auto& box) {
    return std::ranges::any_of(box.second, [&](const SeenCall& call) {
      return call.pid == pid && call.name == "execve" && mentions(call.arguments, program);
    });
  });
}

bool is_claimed(const Boxes& seen, const SeenCall& call, const std::string& name,
                const std::string& main) {
  // One that failed was no step; that something is there already is as good.
  const bool failed = call.result.starts_with("-1 ") && !call.result.starts_with("-1 EEXIST");
  if (failed || !names_of(name).contains(call.name)) return false;
  if (name == "posix_spawn") return spawned(seen, pid_of(call.result), main);
  return mentions_all(call.arguments, main);
}

}  // namespace

std::vector<SeenCall> parse_strace(std::string_view text, pid_t pid) {
  std::vector<SeenCall> calls;
  for (const std::string& line : split(text, "\n")) {
    SeenCall call{.pid = pid};
    const std::size_t space = line.find(' ');
    const std::size_t open = line.find('(');
    const std::size_t close = line.rfind(") = ");
    if (space == std::string::npos || open == std::string::npos) continue;
    call.at = std::strtod(line.c_str(), nullptr);
    call.name = line.substr(space + 1, open - space - 1);
    if (!is_call_name(call.name)) continue;  // "--- SIGCHLD {…} ---"
    call.arguments = line.substr(open + 1, close == std::string::npos ? close : close - open - 1);
    if (close != std::string::npos) call.result = line.substr(close + 4);
    calls.push_back(std::move(call));
  }
  return calls;
}

Boxes sort_by_box(const SeenCalls& engine, const SeenCalls& supervisor, pid_t shim) {
  std::map<pid_t, std::string> box_of;
  for (const auto& [pid, calls] : supervisor) {
    if (pid == shim || executes(calls, "slipway-shim")) box_of[pid] = "shim";
  }
  // Children have higher numbers than their parents, but for the rare wrap: so often as there are generations.
  for (int generation = 0; generation < 3; ++generation) {
    for (const auto& [pid, calls] : supervisor) {
      if (!box_of.contains(pid)) continue;
      for (const SeenCall& call : calls) {
        if (call.name == "clone3" && mentions(call.arguments, "CLONE_PIDFD")) {
          box_of[pid_of(call.result)] = "container";
        }
      }
    }
  }
  Boxes boxes;
  const auto add = [&](const std::string& box, const std::vector<SeenCall>& calls) {
    boxes[box].insert(boxes[box].end(), calls.begin(), calls.end());
  };
  for (const auto& [pid, calls] : engine) add("engine", calls);
  for (const auto& [pid, calls] : supervisor) {
    add(box_of.contains(pid) ? box_of[pid] : "supervisor", calls);
  }
  for (auto& [box, calls] : boxes) {
    std::ranges::stable_sort(calls, {}, &SeenCall::at);
  }
  return boxes;
}

std::size_t count_claims(const std::vector<TraceStep>& story) {
  std::size_t count = 0;
  for (const TraceStep& step : story) {
    count += claimed_calls(step).size() * main_arguments(step.arguments).size();
  }
  return count;
}

std::vector<std::string> false_claims(std::vector<TraceStep> story, const Boxes& seen) {
  std::ranges::stable_sort(story, {}, &TraceStep::start_us);
  std::map<std::string, std::size_t>
      next;  // of each box: where the last claim was found, and one on
  std::vector<std::string> complaints;
  for (const TraceStep& step : story) {
    for (const std::string& name : claimed_calls(step)) {
      for (const std::string& main : main_arguments(step.arguments)) {
        const auto box = seen.find(step.box);
        const std::vector<SeenCall> none;
        const std::vector<SeenCall>& calls = box == seen.end() ? none : box->second;
        std::size_t at = next[step.box];
        while (at < calls.size() && !is_claimed(seen, calls[at], name, main)) ++at;
        if (at < calls.size()) {
          next[step.box] = at + 1;
        } else {
          complaints.push_back(step.box + " [" + step.stage + " " + step.name + "] claims " + name +
                               " " + main + ": strace did not see it there");
        }
      }
    }
  }
  return complaints;
}

}  // namespace slipway::test
