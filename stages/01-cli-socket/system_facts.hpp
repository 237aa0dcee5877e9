#pragma once
/// \file
/// What the host says of itself: kernel, operating system, processors, memory. Read anew at each call.

#include <cstdint>
#include <string>

namespace slipway {

/// Facts for `version` and `info`.
struct SystemFacts {
  std::string kernel;   ///< uname's release: "6.1.0-13-amd64"
  std::string machine;  ///< uname's machine: "x86_64"
  std::string host_name;
  std::string operating_system;  ///< PRETTY_NAME of os-release(5)
  std::string os_version;        ///< VERSION_ID of os-release(5)
  std::string machine_id;        ///< machine-id(5), or empty
  int processors = 1;            ///< those online
  std::int64_t memory_bytes = 0;
  int cgroup_version = 1;  ///< 2 if the unified hierarchy stands at /sys/fs/cgroup (cgroups(7))
  bool ipv4_forwarding = false;
};

SystemFacts read_system_facts();

/// The machine's name in Docker's (Go's) words: "amd64" for "x86_64".
std::string go_architecture(const std::string& machine);

}  // namespace slipway
