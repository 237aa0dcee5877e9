// A limit in version 2: one file for each, "max" for none.

#include <algorithm>

#include "settings.hpp"

namespace slipway {
namespace {

constexpr std::uint64_t kDefaultPeriod = 100'000;  // microseconds

std::string max_or(std::int64_t number) { return number < 0 ? "max" : std::to_string(number); }

/// Version 1 counts memory and swap together, version 2 swap alone; the spec speaks of both together.
std::string swap_alone(const Resources& resources) {
  const std::int64_t both = *resources.memory_and_swap;
  const std::int64_t memory = resources.memory.value_or(0);
  return both < 0 ? "max" : std::to_string(std::max<std::int64_t>(both - memory, 0));
}

//@region version2
void add_memory(const Resources& resources, std::vector<Setting>& settings) {
  //@exercise 04.1 Say which line in which file a memory limit is
  //@hint  memory.max is the wall, memory.low what is left alone as long as others have more, memory.swap.max the swap
  //@hint  -1 in the spec is the word "max" in the file
  if (resources.memory) settings.push_back({"memory", "memory.max", max_or(*resources.memory)});
  if (resources.memory_and_swap) {
    settings.push_back({"memory", "memory.swap.max", swap_alone(resources)});
  }
  if (resources.memory_reservation) {
    settings.push_back({"memory", "memory.low", max_or(*resources.memory_reservation)});
  }
  //@end
}
//@endregion

void add_cpu(const Resources& resources, std::vector<Setting>& settings) {
  if (resources.cpu_shares.value_or(0) > 0) {
    settings.push_back({"cpu", "cpu.weight", std::to_string(cpu_weight(*resources.cpu_shares))});
  }
  if (resources.cpu_quota || resources.cpu_period) {
    const std::int64_t quota = resources.cpu_quota.value_or(-1);
    settings.push_back({"cpu", "cpu.max",
                        max_or(quota == 0 ? -1 : quota) + " " +
                            std::to_string(resources.cpu_period.value_or(kDefaultPeriod))});
  }
  if (!resources.cpus.empty()) settings.push_back({"cpuset", "cpuset.cpus", resources.cpus});
  if (!resources.mems.empty()) settings.push_back({"cpuset", "cpuset.mems", resources.mems});
}

std::string device_line(const DeviceRate& rate, const char* key) {
  return std::to_string(rate.major) + ":" + std::to_string(rate.minor) + " " + key +
         std::to_string(rate.value);
}

/// 10 to 1000 becomes 1 to 10000.
std::uint64_t io_weight(std::uint64_t weight) {
  return weight < 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}

void add_io(const Resources& resources, std::vector<Setting>& settings) {
  if (resources.io_weight) {
    settings.push_back(
        {"io", "io.weight", "default " + std::to_string(io_weight(*resources.io_weight))});
  }
  for (DeviceRate rate : resources.io_weight_devices) {
    rate.value = io_weight(rate.value);
    settings.push_back({"io", "io.weight", device_line(rate, "")});
  }
  const auto add = [&](const std::vector<DeviceRate>& rates, const char* key) {
    for (const DeviceRate& rate : rates) {
      settings.push_back({"io", "io.max", device_line(rate, key)});
    }
  };
  add(resources.read_bps, "rbps=");
  add(resources.write_bps, "wbps=");
  add(resources.read_iops, "riops=");
  add(resources.write_iops, "wiops=");
}

}  // namespace

std::uint64_t cpu_weight(std::uint64_t shares) {
  const std::uint64_t within = std::clamp<std::uint64_t>(shares, 2, 262'144);
  return 1 + (within - 2) * 9999 / 262'142;
}

std::vector<Setting> version2_settings(const Resources& resources) {
  std::vector<Setting> settings;
  add_memory(resources, settings);
  add_cpu(resources, settings);
  if (resources.pids) settings.push_back({"pids", "pids.max", max_or(*resources.pids)});
  add_io(resources, settings);
  for (const HugePages& pages : resources.huge_pages) {
    settings.push_back({"hugetlb", "hugetlb." + pages.size + ".max", std::to_string(pages.limit)});
  }
  for (const auto& [file, value] : resources.unified) {
    settings.push_back({file.substr(0, file.find('.')), file, value});
  }
  return settings;
}

}  // namespace slipway
