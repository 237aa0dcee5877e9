#pragma once
/// \file
/// `--format` of commands that list things.

#include <iosfwd>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// Prints rows by a format as docker understands it: "json", a template for each row, or "table TEMPLATE" with titles
/// over the columns. \param titles  by the names that templates use  \throws std::runtime_error for a bad template
void print_rows(std::ostream& out, const std::string& format, const nlohmann::json& titles,
                const std::vector<nlohmann::json>& rows);

}  // namespace slipway
