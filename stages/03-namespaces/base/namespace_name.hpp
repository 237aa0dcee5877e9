#pragma once
/// \file
/// Namespaces by the kernel's names for them, "net:[4026532456]": what readlink(2) says of /proc/PID/ns/net and of an open
/// namespace alike. A pid in a path may have passed to a stranger by the time that somebody opens it; the name tells.

#include <string>

namespace slipway {

/// The name behind a path or a descriptor's path in /proc. \throws SysError
std::string namespace_name(const std::string& path);

/// Whether an open namespace is the one that was meant. \param expected  its name, or empty: any will do
/// \throws std::runtime_error
void check_namespace(int fd, const std::string& expected);

}  // namespace slipway
