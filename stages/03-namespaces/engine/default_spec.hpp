#pragma once
/// \file
/// What every container gets unless it asks for something else: Docker's lists, as sections of the
/// OCI spec. Source: moby/moby, oci/defaults.go; opencontainers/runtime-spec, config-linux.md.

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// Docker's /dev/shm, 64 MiB.
inline constexpr std::int64_t kDefaultShmSize = 64L * 1024 * 1024;

/// /proc, /dev, /dev/pts, /sys, /dev/mqueue, in mounting order.
/// \param writable_sys  /sys read-write, for privileged containers
nlohmann::json default_mounts(bool writable_sys);
/// /dev/shm as a tmpfs of the container's own. \param size  bytes
nlohmann::json own_shm(std::int64_t size);
/// /dev/shm as somebody else's. \param source  its path on the host, also one below /proc/PID/root
nlohmann::json bind_of_shm(const std::string& source);
/// One entry of the spec's list of mounts.
nlohmann::json mount_entry(const std::string& destination, const std::string& type,
                           const std::string& source, std::vector<std::string> options);
/// Files of /proc and /sys that show the host; with those of this host's processors (side
/// channels).
std::vector<std::string> default_masked_paths();
/// Folders of /proc that would change the host.
std::vector<std::string> default_readonly_paths();
/// Docker's 14, in the order of their numbers.
std::vector<std::string> default_capabilities();
/// process.capabilities that grants `names` to root and its children; nothing is inheritable or
/// ambient (CVE-2022-24769).
nlohmann::json capability_section(const std::vector<std::string>& names);

}  // namespace slipway
