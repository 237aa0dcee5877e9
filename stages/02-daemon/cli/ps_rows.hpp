#pragma once
/// \file
/// A container of a list as the words of `docker ps --format`.

#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// Docker's names (ID, Image, Command, …) with their texts. \param entry  of GET /containers/json  \param whole  `--no-trunc`
nlohmann::json ps_row(const nlohmann::json& entry, bool whole);
/// The titles of a table, by the names above.
nlohmann::json ps_titles();

/// An id as people see it: its first 12 digits.
std::string short_id(const std::string& id);
/// "\"sleep 100…\"": a command in quotes, cut to 20 characters.
std::string shown_command(const std::string& command, bool whole);

}  // namespace slipway
