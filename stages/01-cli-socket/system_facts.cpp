#include "system_facts.hpp"

#include <linux/magic.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <fstream>

namespace slipway {
namespace {

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// The value of KEY in os-release(5), without its quotes.
std::string os_release(const std::string& key) {
  std::ifstream file("/etc/os-release");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key + "=")) continue;
    std::string value = line.substr(key.size() + 1);
    if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
    return value;
  }
  return "";
}

bool is_unified_hierarchy(const char* path) {
  struct statfs info {};
  return ::statfs(path, &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC;
}

}  // namespace

SystemFacts read_system_facts() {
  utsname names{};
  ::uname(&names);
  SystemFacts facts;
  facts.kernel = names.release;
  facts.machine = names.machine;
  facts.host_name = names.nodename;
  facts.operating_system = os_release("PRETTY_NAME");
  facts.os_version = os_release("VERSION_ID");
  facts.machine_id = first_line("/etc/machine-id");
  facts.processors = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  facts.memory_bytes = std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
  facts.cgroup_version = is_unified_hierarchy("/sys/fs/cgroup") ? 2 : 1;
  facts.ipv4_forwarding = first_line("/proc/sys/net/ipv4/ip_forward") == "1";
  return facts;
}

std::string go_architecture(const std::string& machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return machine;
}

}  // namespace slipway
