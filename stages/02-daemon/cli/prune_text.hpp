#pragma once
/// \file
/// What all prune commands say alike: the question before, and the report after.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "01-cli-socket/command.hpp"

namespace slipway {

/// "?filters={…}" for a request without other parameters; empty without filters. \param filters  "key=value" each
std::string filter_query(const std::vector<std::string>& filters);

/// Asks, in docker's words, and reads the answer from the terminal. \param what  "all stopped containers"
bool confirmed(CliContext& context, std::string_view what);

/// What is gone, a line each, and how much space that gave back.
/// \param field  of the engine's answer: "ContainersDeleted"  \param title  above its list: "Deleted Containers:"
void print_pruned(CliContext& context, const nlohmann::json& answer, std::string_view field,
                  std::string_view title);

}  // namespace slipway
