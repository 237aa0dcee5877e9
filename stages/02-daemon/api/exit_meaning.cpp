#include "exit_meaning.hpp"

#include <signal.h>

#include <algorithm>
#include <array>

#include "02-daemon/base/signals.hpp"

namespace slipway {
namespace {

/// What a signal adds to an exit code: the shells' custom, and docker's.
constexpr int kSignalBase = 128;

/// A program gets these for what it does itself, signal(7).
bool is_own_fault(int signal) {
  constexpr std::array kFaults{SIGSEGV, SIGABRT, SIGFPE, SIGILL, SIGBUS, SIGSYS, SIGTRAP};
  return std::ranges::find(kFaults, signal) != kFaults.end();
}

std::string who_sent(const ExitRecord& end) {
  if (end.asked_signal == end.signal) {
    return end.signal == SIGKILL ? "A client had asked for it: `kill`, `rm -f`, or `stop` when its "
                                   "patience was over."
                                 : "A client had asked for it: `kill` or `stop`.";
  }
  if (is_own_fault(end.signal)) {
    return "No client had asked for it: it is what the kernel sends to a program for its own "
           "fault.";
  }
  const std::string kernel =
      end.signal == SIGKILL ? ", or by the kernel for want of memory: `dmesg | tail`." : ".";
  return "No client had asked for it: it came from a process in the container or of the host" +
         kernel;
}

void explain_signal(const ExitRecord& end, std::vector<std::string>& sentences) {
  sentences.push_back(std::to_string(end.exit_code) + " is 128 + " + std::to_string(end.signal) +
                      ": " + signal_name(end.signal) + " ended it.");
  sentences.push_back(who_sent(end));
}

void explain_code(const ExitRecord& end, const std::string& name,
                  std::vector<std::string>& sentences) {
  const int code = end.exit_code;
  if (code > kSignalBase && code - kSignalBase < SIGRTMIN) {
    sentences.push_back(
        "The program returned it by itself. A shell does so when " +
        signal_name(code - kSignalBase) +
        " ended the command that it ran; a program may, when it has caught that signal.");
  } else if (code == 127 || code == 126) {
    sentences.push_back(
        std::string("The program ran, and returned it by itself: shells do so when a "
                    "command ") +
        (code == 127 ? "was not found." : "could not be executed."));
  } else if (code != 0) {
    sentences.push_back("It is the program's own word; its output may say more: `slipway logs " +
                        name + "`.");
  }
  if (end.asked_signal != 0) {
    sentences.push_back("A client had sent it " + signal_name(end.asked_signal) + " before.");
  }
}

}  // namespace

std::vector<std::string> exit_meaning(const ExitRecord& end, const std::string& name) {
  std::vector<std::string> sentences;
  if (!end.error.empty()) {
    sentences.push_back("Nobody saw its end: " + end.error + ".");
  } else if (end.signal != 0) {
    explain_signal(end, sentences);
  } else {
    explain_code(end, name, sentences);
  }
  if (end.oom_killed()) sentences.emplace_back("The kernel killed it because memory was short.");
  return sentences;
}

std::string failed_start_meaning(int exit_code) {
  if (exit_code == 127) return "127: the command was not found";
  if (exit_code == 126) return "126: the command may not be executed";
  return std::to_string(exit_code) + ": it could not be set up";
}

}  // namespace slipway
