#include "default_spec.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace slipway {

using nlohmann::json;

namespace {

/// Temperature events of each processor tell what the neighbours compute (GHSA-6fw5-f8r9-fgfm).
std::vector<std::string> thermal_paths() {
  std::vector<std::string> paths;
  std::error_code ignored;  // no /sys, nothing to hide
  for (const auto& cpu : std::filesystem::directory_iterator("/sys/devices/system/cpu", ignored)) {
    const std::filesystem::path path = cpu.path() / "thermal_throttle";
    if (std::filesystem::exists(path, ignored)) paths.push_back(path);
  }
  std::ranges::sort(paths);
  return paths;
}

}  // namespace

json mount_entry(const std::string& destination, const std::string& type, const std::string& source,
                 std::vector<std::string> options) {
  return {{"destination", destination},
          {"type", type},
          {"source", source},
          {"options", std::move(options)}};
}

json default_mounts(bool writable_sys) {
  return {
      mount_entry("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
      mount_entry("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      mount_entry("/dev/pts", "devpts", "devpts",
                  {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
      mount_entry("/sys", "sysfs", "sysfs",
                  {"nosuid", "noexec", "nodev", writable_sys ? "rw" : "ro"}),
      // Message queues are of the IPC namespace, whoever mounts them.
      mount_entry("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"})};
}

json own_shm(std::int64_t size) {
  return mount_entry("/dev/shm", "tmpfs", "shm",
                     {"nosuid", "noexec", "nodev", "mode=1777", "size=" + std::to_string(size)});
}

json bind_of_shm(const std::string& source) {
  return mount_entry("/dev/shm", "bind", source, {"bind", "nosuid", "noexec", "nodev"});
}

std::vector<std::string> default_masked_paths() {
  std::vector<std::string> paths = {"/proc/acpi",
                                    "/proc/asound",
                                    "/proc/interrupts",
                                    "/proc/kcore",
                                    "/proc/keys",
                                    "/proc/latency_stats",
                                    "/proc/sched_debug",
                                    "/proc/scsi",
                                    "/proc/timer_list",
                                    "/proc/timer_stats",
                                    "/sys/devices/virtual/powercap",
                                    "/sys/firmware"};
  for (std::string& path : thermal_paths()) paths.push_back(std::move(path));
  return paths;
}

std::vector<std::string> default_readonly_paths() {
  return {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
}

std::vector<std::string> default_capabilities() {
  return {"CAP_CHOWN",       "CAP_DAC_OVERRIDE", "CAP_FOWNER",
          "CAP_FSETID",      "CAP_KILL",         "CAP_SETGID",
          "CAP_SETUID",      "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE",
          "CAP_NET_RAW",     "CAP_SYS_CHROOT",   "CAP_MKNOD",
          "CAP_AUDIT_WRITE", "CAP_SETFCAP"};
}

json capability_section(const std::vector<std::string>& names) {
  return {{"bounding", names},
          {"effective", names},
          {"permitted", names},
          {"inheritable", json::array()},
          {"ambient", json::array()}};
}

}  // namespace slipway
