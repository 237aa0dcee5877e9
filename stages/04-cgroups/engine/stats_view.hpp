#pragma once
/// \file
/// A container's figures as the API writes them.

#include <sys/types.h>

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "04-cgroups/kernel/figures.hpp"

namespace slipway {

/// One look at a container.
struct StatsSample {
  std::string time;         ///< RFC 3339
  nlohmann::json cpu;       ///< cpu_stats
  nlohmann::json document;  ///< everything else that one look tells
};

/// What the host's processors have spent since the boot, all together, in nanoseconds: proc(5), /proc/stat.
std::uint64_t system_cpu_time();

/// \param unified  the figures are version 2's
/// \param pid      the first process: whose network it is
StatsSample stats_sample(const Figures& figures, bool unified, pid_t pid);
/// What there is to say of a container that does not run.
StatsSample no_stats();

/// The answer. \param before  the look before; no_stats() if there was none
nlohmann::json stats_answer(const StatsSample& now, const StatsSample& before,
                            const std::string& id, const std::string& name);

}  // namespace slipway
