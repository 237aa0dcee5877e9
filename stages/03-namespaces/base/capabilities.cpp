#include "capabilities.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {
namespace {

// In the order of their numbers: the index is the capability.
constexpr auto kNames = std::to_array<std::string_view>({"CAP_CHOWN",
                                                         "CAP_DAC_OVERRIDE",
                                                         "CAP_DAC_READ_SEARCH",
                                                         "CAP_FOWNER",
                                                         "CAP_FSETID",
                                                         "CAP_KILL",
                                                         "CAP_SETGID",
                                                         "CAP_SETUID",
                                                         "CAP_SETPCAP",
                                                         "CAP_LINUX_IMMUTABLE",
                                                         "CAP_NET_BIND_SERVICE",
                                                         "CAP_NET_BROADCAST",
                                                         "CAP_NET_ADMIN",
                                                         "CAP_NET_RAW",
                                                         "CAP_IPC_LOCK",
                                                         "CAP_IPC_OWNER",
                                                         "CAP_SYS_MODULE",
                                                         "CAP_SYS_RAWIO",
                                                         "CAP_SYS_CHROOT",
                                                         "CAP_SYS_PTRACE",
                                                         "CAP_SYS_PACCT",
                                                         "CAP_SYS_ADMIN",
                                                         "CAP_SYS_BOOT",
                                                         "CAP_SYS_NICE",
                                                         "CAP_SYS_RESOURCE",
                                                         "CAP_SYS_TIME",
                                                         "CAP_SYS_TTY_CONFIG",
                                                         "CAP_MKNOD",
                                                         "CAP_LEASE",
                                                         "CAP_AUDIT_WRITE",
                                                         "CAP_AUDIT_CONTROL",
                                                         "CAP_SETFCAP",
                                                         "CAP_MAC_OVERRIDE",
                                                         "CAP_MAC_ADMIN",
                                                         "CAP_SYSLOG",
                                                         "CAP_WAKE_ALARM",
                                                         "CAP_BLOCK_SUSPEND",
                                                         "CAP_AUDIT_READ",
                                                         "CAP_PERFMON",
                                                         "CAP_BPF",
                                                         "CAP_CHECKPOINT_RESTORE"});
static_assert(kNames[CAP_CHECKPOINT_RESTORE] == "CAP_CHECKPOINT_RESTORE");

constexpr CapabilitySet bit(std::size_t capability) { return CapabilitySet{1} << capability; }

/// The kernel's sets are pairs of 32 bits.
using KernelSets = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

void call_capset(const KernelSets& sets) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  check(::syscall(SYS_capset, &header, sets.data()), "capset");
}

CapabilitySet permitted_now() {
  KernelSets sets{};
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  check(::syscall(SYS_capget, &header, sets.data()), "capget");
  return sets[0].permitted | CapabilitySet{sets[1].permitted} << 32;
}

void raise_ambient(CapabilitySet set) {
  for (std::size_t capability = 0; capability < 64; ++capability) {
    if (!(set & bit(capability))) continue;
    check(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0), "prctl",
          "PR_CAP_AMBIENT_RAISE");
  }
}

}  // namespace

CapabilitySet parse_capabilities(const std::vector<std::string>& names) {
  CapabilitySet set = 0;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(kNames, name);
    if (found == kNames.end()) throw std::runtime_error("unknown capability \"" + name + "\"");
    set |= bit(static_cast<std::size_t>(found - kNames.begin()));
  }
  return set;
}

std::vector<std::string> capability_names(CapabilitySet set) {
  std::vector<std::string> names;
  for (std::size_t capability = 0; capability < kNames.size(); ++capability) {
    if (set & bit(capability)) names.emplace_back(kNames[capability]);
  }
  return names;
}

CapabilitySet bounding_set() {
  CapabilitySet set = 0;
  for (std::size_t capability = 0; capability < kNames.size(); ++capability) {
    if (::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1) set |= bit(capability);
  }
  return set;
}

bool has_capability(const std::string& name) {
  return (permitted_now() & parse_capabilities({name})) != 0;
}

void drop_bounding_set(CapabilitySet keep) {
  for (std::size_t capability = 0; capability < 64; ++capability) {
    if (keep & bit(capability)) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
    if (errno == EINVAL) break;  // above the kernel's last capability
    throw SysError(errno, "prctl", "PR_CAPBSET_DROP");
  }
  check(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "prctl",
        "PR_CAP_AMBIENT_CLEAR_ALL");
}

CapabilitySet set_capabilities(const CapabilitySets& sets) {
  const CapabilitySet ours = permitted_now();
  const CapabilitySet permitted = sets.permitted & ours;
  const CapabilitySet inheritable = sets.inheritable & ours;
  const CapabilitySet effective = sets.effective & permitted;
  KernelSets kernel{};
  for (std::size_t half = 0; half < kernel.size(); ++half) {
    kernel[half] = {.effective = static_cast<std::uint32_t>(effective >> 32 * half),
                    .permitted = static_cast<std::uint32_t>(permitted >> 32 * half),
                    .inheritable = static_cast<std::uint32_t>(inheritable >> 32 * half)};
  }
  call_capset(kernel);
  raise_ambient(sets.ambient & permitted & inheritable);
  return sets.permitted & ~ours;
}

}  // namespace slipway
