#pragma once
/// \file
/// A container's figures as `stats` shows them.

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// One line: Container, Name, ID, CPUPerc, MemUsage, MemPerc, NetIO, BlockIO, PIDs, as docker's client computes them.
/// \param stats   the API's answer \param before  an earlier one, for rates; null if there is none
/// \param called  how the person called the container
nlohmann::json stats_row(const nlohmann::json& stats, const nlohmann::json& before,
                         const std::string& called, bool whole_ids);
/// The titles of the table's columns.
nlohmann::json stats_titles();

}  // namespace slipway
