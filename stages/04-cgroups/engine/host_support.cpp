#include "host_support.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "04-cgroups/kernel/settings.hpp"

namespace slipway {
namespace {

/// Version 1's names, then version 2's.
bool has_file(const Hierarchies& hierarchies, const std::string& group, const char* controller,
              const char* file) {
  if (!hierarchies.has(controller)) return false;
  for (const std::string& place : {group, std::string()}) {
    const std::string path = hierarchies.tree_of(controller) + place + "/" + file;
    if (::access(path.c_str(), F_OK) == 0) return true;
  }
  return false;
}

HostSupport version2(const Hierarchies& all, const std::string& group) {
  return {.memory = all.has("memory"),
          .memory_reservation = all.has("memory"),
          .swap = has_file(all, group, "memory", "memory.swap.max"),
          .pids = all.has("pids"),
          .cpu_shares = all.has("cpu"),
          .cpu_quota = has_file(all, group, "cpu", "cpu.max"),
          .cpuset = all.has("cpuset"),
          .io_weight = has_file(all, group, "io", "io.weight"),
          .io_weight_device = has_file(all, group, "io", "io.weight"),
          .io_throttle = has_file(all, group, "io", "io.max")};
}

HostSupport version1(const Hierarchies& all, const std::string& group) {
  const auto has = [&](const char* controller, const char* file) {
    return has_file(all, group, controller, file);
  };
  return {.memory = has("memory", "memory.limit_in_bytes"),
          .memory_reservation = has("memory", "memory.soft_limit_in_bytes"),
          .swap = has("memory", "memory.memsw.limit_in_bytes"),
          .swappiness = has("memory", "memory.swappiness"),
          .oom_kill_disable = has("memory", "memory.oom_control"),
          .pids = all.has("pids"),
          .cpu_shares = has("cpu", "cpu.shares"),
          .cpu_quota = has("cpu", "cpu.cfs_quota_us"),
          .cpu_realtime = has("cpu", "cpu.rt_runtime_us"),
          .cpuset = has("cpuset", "cpuset.cpus"),
          .io_weight = has("blkio", "blkio.weight"),
          .io_weight_device = has("blkio", "blkio.weight_device"),
          .io_throttle = has("blkio", "blkio.throttle.read_bps_device")};
}

/// What the tree's root may use.
std::string cpuset_of(const Hierarchies& all, const char* version1_file, const char* file) {
  if (!all.has("cpuset")) return {};
  const std::string& tree = all.tree_of("cpuset");
  return read_setting(tree + "/" + (all.unified() ? file : version1_file));
}

}  // namespace

HostSupport HostSupport::look(const Hierarchies& all, const std::string& group) {
  HostSupport support = all.unified() ? version2(all, group) : version1(all, group);
  support.processors = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  support.cpus = cpuset_of(all, "cpuset.cpus", "cpuset.cpus.effective");
  support.mems = cpuset_of(all, "cpuset.mems", "cpuset.mems.effective");
  return support;
}

void describe_support(const HostSupport& support, nlohmann::json& info) {
  info["CgroupDriver"] = "cgroupfs";
  info["MemoryLimit"] = support.memory;
  info["SwapLimit"] = support.swap;
  info["CpuCfsPeriod"] = info["CpuCfsQuota"] = support.cpu_quota;
  info["CPUShares"] = support.cpu_shares;
  info["CPUSet"] = support.cpuset;
  info["PidsLimit"] = support.pids;
  info["OomKillDisable"] = support.oom_kill_disable;
}

}  // namespace slipway
