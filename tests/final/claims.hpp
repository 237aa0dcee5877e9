#pragma once
/// \file
/// A story against the facts: the system calls that `--explain` claims, and those that strace(1) saw.

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "01-cli-socket/trace.hpp"

namespace slipway::test {

/// One call as strace printed it.
struct SeenCall {
  double at = 0;  ///< seconds since the epoch
  pid_t pid = 0;
  std::string name;       ///< "mount_setattr"
  std::string arguments;  ///< what stands between its parentheses
  std::string result;
};

/// The calls of each process, or thread, in their order.
using SeenCalls = std::map<pid_t, std::vector<SeenCall>>;

/// What one process printed into its file of `strace -ff -ttt`: "1700000000.5 chdir("/") = 0" and so on.
std::vector<SeenCall> parse_strace(std::string_view text, pid_t pid);

/// The calls of each box: those that `engine` made; of the others, which began with the supervisor, the shims (they have
/// executed slipway-shim, or are `shim`), the containers (a shim has cloned them, or one of them another), and the rest, the supervisor.
std::map<std::string, std::vector<SeenCall>> sort_by_box(const SeenCalls& engine,
                                                         const SeenCalls& supervisor,
                                                         pid_t shim = 0);

/// Compares. A step claims the call that it is named by ("fsopen, move_mount": each of them) with its main argument: the
/// first word of its arguments, "{a,b}" for several calls, "A|B" for what must all be in one. Within a box they must have
/// been made in the order of the story. \returns what was claimed and not seen, a line each
std::vector<std::string> false_claims(std::vector<TraceStep> story,
                                      const std::map<std::string, std::vector<SeenCall>>& seen);

/// How many calls the story claims: none would be easily compared.
std::size_t count_claims(const std::vector<TraceStep>& story);

}  // namespace slipway::test
