#pragma once
/// \file
/// GET /containers/{id}/stats

#include "01-cli-socket/http_server.hpp"

namespace slipway {

class CgroupModule;
class ContainerTable;

/// stream=1 (the default): a line a second, until the container or the client is gone. stream=0: one answer, from two looks
/// a second apart, so that a rate can be told; with one-shot=1 from one look.
/// \throws ApiError 400, 404
void serve_stats(Exchange& exchange, const ContainerTable& containers, const CgroupModule& cgroups);

}  // namespace slipway
