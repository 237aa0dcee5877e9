#pragma once
/// \file
/// "0-3,5": lists of processors and memory nodes. cpuset(7), "List format"

#include <optional>
#include <set>
#include <string>

namespace slipway {

/// The numbers; nothing if the text is none.
std::optional<std::set<int>> parse_cpu_set(const std::string& text);

}  // namespace slipway
