#pragma once
/// \file
/// Version 2 has no file for devices: the kernel asks a small program of ours at each open(2) and mknod(2).
/// bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE. No library in Debian writes these programs, so the instructions stand here.

#include <linux/bpf.h>

#include <string>
#include <vector>

#include "device_rules.hpp"

namespace slipway {

/// The program for these rules: the last rule that speaks of a device decides, and without one it is forbidden.
std::vector<bpf_insn> device_program(const DeviceRules& rules);

/// Loads it and ties it to the cgroup; it lives as long as that. \throws SysError
void attach_device_program(const std::string& folder, const DeviceRules& rules);

}  // namespace slipway
