#pragma once
/// \file
/// GET /containers/{id}/top: a container's processes as the host's /proc shows them. Nothing of the container is run or
/// read for it: a `ps` of its own could do as it likes with us (CVE-2022-1227).

#include <sys/types.h>

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// The processes of the container whose first process is `first`: those of its pid namespace, or its descendants if it
/// shares the host's. \param known  if not empty: who they are, as somebody knows who keeps book of them
/// \param ps_args  "-ef" (if empty), "aux", "-o pid,user,args" and the like: ps(1)
/// \returns {"Titles": [...], "Processes": [[...]]} \throws ApiError 400 for options that mean nothing to us
nlohmann::json container_processes(pid_t first, const std::vector<pid_t>& known,
                                   const std::string& ps_args);

}  // namespace slipway
