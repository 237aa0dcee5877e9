#pragma once
/// \file
/// Which namespaces a container has for itself, and with whom it shares the others: with the host, or with another
/// container (`--pid host`, `--network container:web`). HostConfig.PidMode, IpcMode, UTSMode, CgroupnsMode, UsernsMode
/// and the part of NetworkMode that is no network's name.

#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "02-daemon/engine/engine_module.hpp"

namespace slipway {

/// The fields of HostConfig that this file acts on.
std::vector<std::string_view> sharing_fields();

/// Refuses unknown modes, and options that contradict them; writes the donor's full id in place of its name, which may
/// change. \throws ApiError 400, 404 `No such container: X`
void check_sharing(CreateRequest& request, const ContainerTable* containers);

/// linux.namespaces: each is new, absent (the host's), or the path of a running container's.
/// \throws ApiError 404, 409 if the donor is gone or does not run, 400 if it keeps its IPC namespace to itself
nlohmann::json namespaces_section(const ContainerRecord& record, const ContainerTable* containers);

/// The annotations kDonorAnnotation: which namespaces the paths of the section above meant.
/// \throws ApiError 409 if a donor has ended
nlohmann::json donor_annotations(const ContainerRecord& record, const ContainerTable* containers,
                                 const std::string& exec_root);

/// The mount of /dev/shm: an own tmpfs, the host's, another container's, or null (`--ipc none`).
/// Call it after namespaces_section(). \throws ApiError as that does
nlohmann::json shm_mount(const ContainerRecord& record, const ContainerTable* containers);

/// The container's name in its UTS namespace: as asked for; that of the container whose network it shares; the host's,
/// if it shares the host's network; or the first 12 digits of its id.
std::string hostname_of(const ContainerRecord& record, const ContainerTable* containers);

/// True if that namespace is the host's. \param field  of HostConfig: "PidMode"
bool shares_with_host(const nlohmann::json& host_config, std::string_view field);

}  // namespace slipway
