#pragma once
/// \file
/// Folders whose entries are named by digests.

#include <string>
#include <vector>

#include "05-layers-cache/base/digest.hpp"

namespace slipway {

/// The entries of a folder that are named as 64 hex digits; others are not ours. \throws SysError
std::vector<Digest> digests_in(const std::string& folder);

}  // namespace slipway
