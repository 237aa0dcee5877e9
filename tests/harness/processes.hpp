#pragma once
/// \file
/// The machine's processes as /proc shows them. proc(5).

#include <sys/types.h>

#include <map>
#include <string>

namespace slipway::test {

struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = '?';          ///< 'Z' for a zombie
  std::string name;          ///< comm: the program's short name
  std::string command_line;  ///< arguments joined by spaces; empty for zombies and kernel threads

  /// The program's file name, without its folder.
  [[nodiscard]] std::string program() const;
};

/// All processes, by pid. One that ends while we look is left out.
std::map<pid_t, Process> all_processes();
/// True if `pid` is `ancestor`'s child, grandchild and so on.
bool descends_from(const std::map<pid_t, Process>& processes, pid_t pid, pid_t ancestor);
/// How many descriptors a process has open; 0 if it is gone.
std::size_t open_descriptors(pid_t pid);

}  // namespace slipway::test
