#pragma once
/// \file
/// Watches a container's memory run out: while it runs, for the event, and at its end, for the record.

#include <string>

#include "02-daemon/launch/launch_step.hpp"
#include "04-cgroups/kernel/cgroup.hpp"

namespace slipway {

/// Lives in the shim, no longer than the cgroup. One thread.
class OomWatch {
 public:
  /// Begins to watch if the shim can. \throws SysError
  void begin(LaunchContext& context, const Cgroup& cgroup, const std::string& path);
  /// Takes the last count, and stops.
  void end(LaunchContext& context) noexcept;

 private:
  void look(LaunchContext& context);
  bool count(LaunchContext& context);
  void look_again_soon();

  const Cgroup* cgroup_ = nullptr;
  std::string path_;
  UniqueFd alarm_;
  UniqueFd timer_;  ///< the alarm comes before the kill: for another look
  int looks_ = 0;
};

/// "out of memory: the kernel killed probe (pid 7, 33 MiB); limit 32 MiB, most used 32 MiB"
std::string oom_text(const OomCount& count, const std::string& victim);

/// Who was killed last in this cgroup, by the kernel's own log: "probe (pid 71, 33 MiB)". Empty if the log cannot be read.
/// \param log  as /dev/kmsg has it, a record a line
std::string victim_in(const std::string& log, const std::string& cgroup_path);

}  // namespace slipway
