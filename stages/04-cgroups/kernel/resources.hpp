#pragma once
/// \file
/// What a container may use: linux.resources of the OCI spec, typed.
/// Spec: https://github.com/opencontainers/runtime-spec, config-linux.md, "Control groups"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "device_rules.hpp"

namespace slipway {

/// A limit for one block device, in bytes or operations a second, or its weight.
struct DeviceRate {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::uint64_t value = 0;
};

struct HugePages {
  std::string size;  ///< "2MB", as the kernel's files name it
  std::uint64_t limit = 0;
};

/// Absent: as the kernel has it. Memory in bytes, -1: no limit.
struct Resources {
  std::optional<std::int64_t> memory;
  std::optional<std::int64_t> memory_and_swap;
  std::optional<std::int64_t> memory_reservation;
  std::optional<std::uint64_t> swappiness;  ///< 0 to 100
  bool oom_kill_disable = false;

  std::optional<std::uint64_t> cpu_shares;  ///< 2 to 262144; 1024 is everybody's
  std::optional<std::int64_t> cpu_quota;    ///< microseconds in each period; -1: no limit
  std::optional<std::uint64_t> cpu_period;  ///< microseconds
  std::optional<std::int64_t> realtime_runtime;
  std::optional<std::uint64_t> realtime_period;
  std::string cpus;  ///< "0-3,5"
  std::string mems;

  std::optional<std::int64_t> pids;  ///< -1: no limit

  std::optional<std::uint64_t> io_weight;  ///< 10 to 1000
  std::vector<DeviceRate> io_weight_devices;
  std::vector<DeviceRate> read_bps, write_bps, read_iops, write_iops;

  std::vector<HugePages> huge_pages;
  std::optional<DeviceRules> devices;          ///< absent: all that the mounts and modes allow
  std::map<std::string, std::string> unified;  ///< files of version 2, as they are: "memory.high"
};

/// \param spec  the whole spec \throws ApiError 400 that names the field
Resources resources_of(const nlohmann::json& spec);

}  // namespace slipway
