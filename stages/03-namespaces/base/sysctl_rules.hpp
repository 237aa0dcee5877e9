#pragma once
/// \file
/// Which kernel settings belong to a namespace. Only those may be a container's (`--sysctl`); all others are the whole
/// machine's. namespaces(7); the list is that of opencontainers/runc, libcontainer/configs/validate.

#include <functional>
#include <string>
#include <string_view>

namespace slipway {

/// Says whether the container has that namespace ("network", "ipc", "uts") apart from the host's.
using HasNamespace = std::function<bool(std::string_view kind)>;

/// Refuses settings of the machine, settings of a namespace that is the host's, names that would be another path below
/// /proc/sys, and values of more than one line (CVE-2022-0811 smuggled a second setting that way).
/// \throws std::runtime_error in runc's words, with the name of the setting
void check_sysctl(const std::string& name, const std::string& value, const HasNamespace& has_own);

}  // namespace slipway
