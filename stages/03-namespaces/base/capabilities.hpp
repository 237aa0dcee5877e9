#pragma once
/// \file
/// Capabilities: root's power in 41 pieces, of which a container's root keeps a few.
/// capabilities(7)

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

/// A set of capabilities: bit N is capability number N of <linux/capability.h>.
using CapabilitySet = std::uint64_t;

/// {"CAP_CHOWN", …} as a set. \throws std::runtime_error for an unknown name
CapabilitySet parse_capabilities(const std::vector<std::string>& names);
/// The reverse, in the order of their numbers.
std::vector<std::string> capability_names(CapabilitySet set);
/// What this process may hand on: its bounding set.
CapabilitySet bounding_set();

/// True if this process has it. \throws SysError
bool has_capability(const std::string& name);

/// The sets of a process, as in the spec's process.capabilities.
struct CapabilitySets {
  CapabilitySet bounding = 0, effective = 0, permitted = 0, inheritable = 0, ambient = 0;
};

/// Takes everything else out of the bounding set, for good, and clears the ambient set. Before the
/// change of user. \throws SysError
void drop_bounding_set(CapabilitySet keep);
/// Sets the others. After the change of user; what this process does not have it cannot give.
/// \returns the permitted ones that were missing \throws SysError
CapabilitySet set_capabilities(const CapabilitySets& sets);

}  // namespace slipway
