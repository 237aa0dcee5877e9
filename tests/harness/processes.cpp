#include "processes.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "environment.hpp"

namespace slipway::test {

namespace {

// "PID (NAME) STATE PPID …": the name may hold blanks and brackets, so the last ')' ends it.
bool parse_stat(const std::string& stat, Process& process) {
  const std::size_t open = stat.find('('), shut = stat.rfind(')');
  if (open == std::string::npos || shut == std::string::npos) return false;
  process.name = stat.substr(open + 1, shut - open - 1);
  std::istringstream rest(stat.substr(shut + 1));
  return static_cast<bool>(rest >> process.state >> process.parent);
}

}  // namespace

std::string Process::program() const {
  return std::filesystem::path(command_line.substr(0, command_line.find(' '))).filename();
}

std::map<pid_t, Process> all_processes() {
  std::map<pid_t, Process> result;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    Process process{.pid = static_cast<pid_t>(std::stol(name))};
    if (!parse_stat(read_text(entry.path() / "stat"), process)) continue;
    process.command_line = read_text(entry.path() / "cmdline");
    std::replace(process.command_line.begin(), process.command_line.end(), '\0', ' ');
    result[process.pid] = process;
  }
  return result;
}

bool descends_from(const std::map<pid_t, Process>& processes, pid_t pid, pid_t ancestor) {
  for (auto it = processes.find(pid); it != processes.end();
       it = processes.find(it->second.parent)) {
    if (it->second.parent == ancestor) return true;
  }
  return false;
}

std::size_t open_descriptors(pid_t pid) {
  std::error_code gone;
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd", gone);
  return gone ? 0 : static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace slipway::test
