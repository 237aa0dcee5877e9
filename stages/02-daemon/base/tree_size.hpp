#pragma once
/// \file
/// How much a folder holds.

#include <cstdint>
#include <string>

namespace slipway {

/// The sizes of all files below `folder`, in bytes; a file with several names counts once, folders count nothing.
/// What vanishes or may not be read while we look counts nothing either. A missing folder is empty.
std::int64_t tree_size(const std::string& folder);

}  // namespace slipway
