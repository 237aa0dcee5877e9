#include "process_limits.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "03-namespaces/base/capabilities.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// Docker's names; in capitals and behind "RLIMIT_" they are the spec's.
constexpr auto kNames = std::to_array<std::string_view>(
    {"core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc",
     "rss", "rtprio", "rttime", "sigpending", "stack"});

void check_ulimit(const JsonFields& ulimit, const std::string& field) {
  const std::string name = ulimit.text("Name");
  if (std::ranges::find(kNames, name) == kNames.end()) {
    throw bad_request(field + ": invalid ulimit type: " + name);
  }
  const std::int64_t soft = ulimit.integer("Soft");
  const std::int64_t hard = ulimit.integer("Hard");
  if (soft < -1 || hard < -1) {
    throw bad_request(field + ": limits of " + name + " are -1 (none) or 0 and more");
  }
  if (hard != -1 && (soft == -1 || soft > hard)) {
    throw bad_request(field + ": ulimit soft limit must be less than or equal to hard limit: " +
                      std::to_string(soft) + " > " + std::to_string(hard));
  }
}

/// What a process that we start inherits.
std::int64_t own_score() {
  std::int64_t score = 0;
  std::ifstream("/proc/self/oom_score_adj") >> score;
  return score;
}

std::string spec_name(std::string name) {
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
  return "RLIMIT_" + name;
}

}  // namespace

void check_limits(const json& host_config, std::vector<std::string>& warnings) {
  const JsonFields host(host_config, "HostConfig");
  const json& ulimits = host.array("Ulimits");
  for (std::size_t i = 0; i < ulimits.size(); ++i) {
    const std::string field = "HostConfig.Ulimits[" + std::to_string(i) + "]";
    check_ulimit(JsonFields(ulimits[i], field), field);
  }
  const std::int64_t score = host.integer("OomScoreAdj");
  if (score < -1000 || score > 1000) {
    throw bad_request("HostConfig.OomScoreAdj: Invalid value " + std::to_string(score) +
                      ", range for oom score adj is [-1000, 1000]");
  }
  if (score < 0 && score < own_score() && !has_capability("CAP_SYS_RESOURCE")) {
    warnings.push_back(
        "HostConfig.OomScoreAdj: this engine has no CAP_SYS_RESOURCE to lower it; it stays " +
        std::to_string(own_score()));
  }
}

void write_limits(const json& host_config, json& process) {
  const JsonFields host(host_config, "HostConfig");
  for (const json& entry : host.array("Ulimits")) {
    const JsonFields ulimit(entry, "HostConfig.Ulimits");
    process["rlimits"].push_back({{"type", spec_name(ulimit.text("Name"))},
                                  {"soft", ulimit.integer("Soft")},
                                  {"hard", ulimit.integer("Hard")}});
  }
  if (const std::int64_t score = host.integer("OomScoreAdj")) process["oomScoreAdj"] = score;
}

}  // namespace slipway
