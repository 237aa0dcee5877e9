// A limit in version 1: the same lines under older names, each in its own tree, -1 for none.

#include "settings.hpp"

namespace slipway {
namespace {

template <class Number>
void add(std::vector<Setting>& settings, const char* controller, const char* file,
         const std::optional<Number>& value) {
  if (value) settings.push_back({controller, file, std::to_string(*value)});
}

void add_memory(const Resources& resources, std::vector<Setting>& settings) {
  add(settings, "memory", "memory.limit_in_bytes", resources.memory);
  add(settings, "memory", "memory.memsw.limit_in_bytes", resources.memory_and_swap);
  add(settings, "memory", "memory.soft_limit_in_bytes", resources.memory_reservation);
  add(settings, "memory", "memory.swappiness", resources.swappiness);
  if (resources.oom_kill_disable) settings.push_back({"memory", "memory.oom_control", "1"});
}

void add_cpu(const Resources& resources, std::vector<Setting>& settings) {
  add(settings, "cpu", "cpu.shares", resources.cpu_shares);
  add(settings, "cpu", "cpu.cfs_period_us", resources.cpu_period);
  add(settings, "cpu", "cpu.cfs_quota_us", resources.cpu_quota);
  add(settings, "cpu", "cpu.rt_period_us", resources.realtime_period);
  add(settings, "cpu", "cpu.rt_runtime_us", resources.realtime_runtime);
  if (!resources.cpus.empty()) settings.push_back({"cpuset", "cpuset.cpus", resources.cpus});
  if (!resources.mems.empty()) settings.push_back({"cpuset", "cpuset.mems", resources.mems});
}

void add_io(const Resources& resources, std::vector<Setting>& settings) {
  add(settings, "blkio", "blkio.weight", resources.io_weight);
  const auto add_rates = [&](const std::vector<DeviceRate>& rates, const char* file) {
    for (const DeviceRate& rate : rates) {
      settings.push_back({"blkio", file,
                          std::to_string(rate.major) + ":" + std::to_string(rate.minor) + " " +
                              std::to_string(rate.value)});
    }
  };
  add_rates(resources.io_weight_devices, "blkio.weight_device");
  add_rates(resources.read_bps, "blkio.throttle.read_bps_device");
  add_rates(resources.write_bps, "blkio.throttle.write_bps_device");
  add_rates(resources.read_iops, "blkio.throttle.read_iops_device");
  add_rates(resources.write_iops, "blkio.throttle.write_iops_device");
}

/// A group is born with all that its parent may use: the rules are made by taking and giving.
void add_devices(const DeviceRules& rules, std::vector<Setting>& settings) {
  for (const DeviceRule& rule : rules) {
    settings.push_back({"devices", rule.allow ? "devices.allow" : "devices.deny", to_string(rule)});
  }
}

}  // namespace

std::vector<Setting> version1_settings(const Resources& resources) {
  std::vector<Setting> settings;
  add_memory(resources, settings);
  add_cpu(resources, settings);
  if (resources.pids) {
    settings.push_back(
        {"pids", "pids.max", *resources.pids < 0 ? "max" : std::to_string(*resources.pids)});
  }
  add_io(resources, settings);
  for (const HugePages& pages : resources.huge_pages) {
    settings.push_back(
        {"hugetlb", "hugetlb." + pages.size + ".limit_in_bytes", std::to_string(pages.limit)});
  }
  if (resources.devices) add_devices(*resources.devices, settings);
  return settings;
}

}  // namespace slipway
