#pragma once
/// \file
/// Writing all of something into a file.

#include <cstdint>
#include <span>
#include <string_view>

namespace slipway {

/// Writes all bytes at `offset`; what lies before may stay a hole. \throws SysError
void write_at(int fd, std::span<const char> bytes, std::uint64_t offset, std::string_view what);

}  // namespace slipway
