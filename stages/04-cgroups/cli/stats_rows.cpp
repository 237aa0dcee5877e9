#include "stats_rows.hpp"

#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "02-daemon/base/human_text.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr std::size_t kShortId = 12;

double number_at(const json& document, const char* pointer) {
  const json::json_pointer place(pointer);
  if (!document.is_object() || !document.contains(place)) return 0;
  const json& value = document[place];
  return value.is_number() ? value.get<double>() : 0;
}

std::string percent(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f%%", value);
  return text;
}

/// Of one processor: 200 % are two.
double cpu_percent(const json& now, const json& before) {
  constexpr const char* kUsed = "/cpu_stats/cpu_usage/total_usage";
  constexpr const char* kAll = "/cpu_stats/system_cpu_usage";
  const double used = number_at(now, kUsed) - number_at(before, kUsed);
  const double all = number_at(now, kAll) - number_at(before, kAll);
  if (before.is_null() || used <= 0 || all <= 0) return 0;
  return used / all * number_at(now, "/cpu_stats/online_cpus") * 100;
}

/// Without what the kernel could take back at once: cached files that nobody has looked at for a while.
double memory_used(const json& stats) {
  const double usage = number_at(stats, "/memory_stats/usage");
  const json empty = json::object();
  const json& detail = stats.contains("memory_stats") ? stats["memory_stats"] : empty;
  const bool version1 = detail.contains("stats") && detail["stats"].contains("total_inactive_file");
  const double cached = number_at(stats, version1 ? "/memory_stats/stats/total_inactive_file"
                                                  : "/memory_stats/stats/inactive_file");
  return cached < usage ? usage - cached : usage;
}

std::string network_text(const json& stats) {
  double received = 0, sent = 0;
  for (const json& link : stats.value("networks", json::object())) {
    received += number_at(link, "/rx_bytes");
    sent += number_at(link, "/tx_bytes");
  }
  return human_size(received, 3) + " / " + human_size(sent, 3);
}

std::string block_text(const json& stats) {
  double read = 0, written = 0;
  const json none = json::array();
  const json::json_pointer place("/blkio_stats/io_service_bytes_recursive");
  const json& list = stats.contains(place) && stats[place].is_array() ? stats[place] : none;
  for (const json& entry : list) {
    const std::string operation = entry.value("op", "");
    if (operation.empty()) continue;
    if (operation[0] == 'r' || operation[0] == 'R') read += number_at(entry, "/value");
    if (operation[0] == 'w' || operation[0] == 'W') written += number_at(entry, "/value");
  }
  return human_size(read, 3) + " / " + human_size(written, 3);
}

}  // namespace

json stats_row(const json& stats, const json& before, const std::string& called, bool whole_ids) {
  const double used = memory_used(stats);
  const double limit = number_at(stats, "/memory_stats/limit");
  const std::string id = stats.value("id", "");
  const std::string name = stats.value("name", "");
  return {{"Container", called},
          {"Name", name.starts_with('/') ? name.substr(1) : name},
          {"ID", whole_ids ? id : id.substr(0, kShortId)},
          {"CPUPerc", percent(cpu_percent(stats, before))},
          {"MemUsage", binary_size(used) + " / " + binary_size(limit)},
          {"MemPerc", percent(limit > 0 ? used / limit * 100 : 0)},
          {"NetIO", network_text(stats)},
          {"BlockIO", block_text(stats)},
          {"PIDs",
           std::to_string(static_cast<std::uint64_t>(number_at(stats, "/pids_stats/current")))}};
}

json stats_titles() {
  return {{"Container", "CONTAINER"},
          {"Name", "NAME"},
          {"ID", "CONTAINER ID"},
          {"CPUPerc", "CPU %"},
          {"MemUsage", "MEM USAGE / LIMIT"},
          {"MemPerc", "MEM %"},
          {"NetIO", "NET I/O"},
          {"BlockIO", "BLOCK I/O"},
          {"PIDs", "PIDS"}};
}

}  // namespace slipway
