#pragma once
/// \file
/// What a container mounts: read from the three places of a create request that say so, and written as a mount of the OCI
/// spec. Nothing here touches the disk.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace slipway {

/// One mount of a container.
struct MountPoint {
  std::string type;           ///< "bind", "volume" or "tmpfs"
  std::string name{};         ///< the volume's; empty for one that is yet to be made
  std::string source{};       ///< the host's path of a bind; of a volume in inspect
  std::string destination;    ///< in the container: absolute, normal
  std::string mode{};         ///< the words behind the last colon of -v, as they were written
  std::string propagation{};  ///< "rprivate" and its kin; of binds
  bool writable = true;
  bool make_source = false;            ///< a missing source becomes a folder: -v, but not --mount
  bool recursive = true;               ///< what is mounted below a bind's source comes along
  std::vector<std::string> options{};  ///< of a tmpfs
};

/// HostConfig.Binds and HostConfig.Mounts, then what another container lends, then Config.Volumes, each for the destinations
/// that those before it leave; parents before children, so that one
/// can be mounted in the other.
/// \param lent  of --volumes-from
/// \throws ApiError 400 in docker's words
std::vector<MountPoint> mount_points(const nlohmann::json& config,
                                     const nlohmann::json& host_config,
                                     const std::vector<MountPoint>& lent = {});

/// One string of HostConfig.Binds: "NAME:/destination[:MODE]" or "/source:/destination[:MODE]". \throws ApiError 400
MountPoint parse_bind(const std::string& text);

/// Of the spec's `mounts`. \param source  where the content comes from on this host
nlohmann::json spec_mount(const MountPoint& point, const std::string& source);

/// As a record keeps it, and back.
nlohmann::json to_json(const MountPoint& point);
MountPoint mount_point_from(const nlohmann::json& document);

}  // namespace slipway
