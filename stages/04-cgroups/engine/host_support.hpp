#pragma once
/// \file
/// Which limits this host's kernel has. A limit that it has not is a warning for whoever asks for it, never silence.

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "04-cgroups/kernel/hierarchies.hpp"

namespace slipway {

struct HostSupport {
  bool memory = false;
  bool memory_reservation = false;
  bool swap = false;
  bool swappiness = false;
  bool oom_kill_disable = false;
  bool pids = false;
  bool cpu_shares = false;
  bool cpu_quota = false;
  bool cpu_realtime = false;
  bool cpuset = false;
  bool io_weight = false;
  bool io_weight_device = false;
  bool io_throttle = false;
  int processors = 1;
  std::string cpus;  ///< "0-3": those that a container may ask for
  std::string mems;

  /// Looks at the files of a group that is not the root: the root has not got them all. \param group  "/slipway"
  static HostSupport look(const Hierarchies& hierarchies, const std::string& group);
};

/// This stage's part of `info`.
void describe_support(const HostSupport& support, nlohmann::json& info);

}  // namespace slipway
