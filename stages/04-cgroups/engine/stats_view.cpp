#include "stats_view.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "01-cli-socket/log_line.hpp"
#include "02-daemon/task/task_files.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// The time of no look.
constexpr const char* kNoTime = kNever;

std::uint64_t host_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

json throttling(const Figures& figures) {
  return {{"periods", figures.periods},
          {"throttled_periods", figures.throttled_periods},
          {"throttled_time", figures.throttled_time}};
}

json cpu_stats(const Figures& figures, bool unified) {
  json usage = {{"total_usage", figures.cpu_total},
                {"usage_in_kernelmode", figures.cpu_system},
                {"usage_in_usermode", figures.cpu_user}};
  if (!unified) usage["percpu_usage"] = figures.cpu_each;
  return {{"cpu_usage", std::move(usage)},
          {"system_cpu_usage", system_cpu_time()},
          {"online_cpus", ::sysconf(_SC_NPROCESSORS_ONLN)},
          {"throttling_data", throttling(figures)}};
}

json memory_stats(const Figures& figures) {
  const std::uint64_t host = host_memory();
  json stats = {{"usage", figures.memory},
                {"stats", figures.memory_detail},
                {"limit", std::min(figures.memory_limit.value_or(host), host)}};
  if (figures.memory_peak) stats["max_usage"] = *figures.memory_peak;
  if (figures.memory_failures > 0) stats["failcnt"] = figures.memory_failures;
  return stats;
}

json io_list(const std::vector<IoFigure>& figures) {
  json list = json::array();
  for (const IoFigure& figure : figures) {
    list.push_back({{"major", figure.major},
                    {"minor", figure.minor},
                    {"op", figure.operation},
                    {"value", figure.value}});
  }
  return list;
}

json io_stats(const Figures& figures, bool unified) {
  const json none = unified ? json() : json::array();
  return {{"io_service_bytes_recursive", io_list(figures.io_bytes)},
          {"io_serviced_recursive", unified ? none : io_list(figures.io_operations)},
          {"io_queue_recursive", none},
          {"io_service_time_recursive", none},
          {"io_wait_time_recursive", none},
          {"io_merged_recursive", none},
          {"io_time_recursive", none},
          {"sectors_recursive", none}};
}

json pids_stats(const Figures& figures) {
  json stats = {{"current", figures.pids}};
  stats["limit"] = figures.pids_limit ? json(*figures.pids_limit)
                                      : json(std::numeric_limits<std::uint64_t>::max());
  return stats;
}

/// A line of /proc/PID/net/dev: "eth0: rx_bytes packets errs drop fifo frame compressed multicast tx_bytes …"
json link_stats(std::istringstream& words) {
  std::array<std::uint64_t, 12> numbers{};
  for (std::uint64_t& number : numbers) words >> number;
  return {{"rx_bytes", numbers[0]},   {"rx_packets", numbers[1]}, {"rx_errors", numbers[2]},
          {"rx_dropped", numbers[3]}, {"tx_bytes", numbers[8]},   {"tx_packets", numbers[9]},
          {"tx_errors", numbers[10]}, {"tx_dropped", numbers[11]}};
}

bool shares_our_network(pid_t pid) {
  std::error_code gone;
  const auto theirs =
      std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/ns/net", gone);
  return gone || theirs == std::filesystem::read_symlink("/proc/self/ns/net", gone);
}

/// Null if it has no links of its own but the loopback.
json networks_of_process(pid_t pid) {
  if (shares_our_network(pid)) return {};
  std::ifstream file("/proc/" + std::to_string(pid) + "/net/dev");
  json links;
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    const std::size_t begin = line.find_first_not_of(' ');
    if (colon == line.npos || begin == line.npos) continue;  // the two lines of titles
    const std::string name = line.substr(begin, colon - begin);
    std::istringstream words(line.substr(colon + 1));
    if (name != "lo") links[name] = link_stats(words);
  }
  return links;
}

}  // namespace

std::uint64_t system_cpu_time() {
  constexpr int kFields = 7;  // user, nice, system, idle, iowait, irq, softirq
  std::ifstream file("/proc/stat");
  std::string name;
  file >> name;
  std::uint64_t ticks = 0, value = 0;
  for (int i = 0; i < kFields && file >> value; ++i) ticks += value;
  return ticks * (1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

StatsSample stats_sample(const Figures& figures, bool unified, pid_t pid) {
  StatsSample sample{.time = rfc3339_now(),
                     .cpu = cpu_stats(figures, unified),
                     .document = {{"pids_stats", pids_stats(figures)},
                                  {"blkio_stats", io_stats(figures, unified)},
                                  {"num_procs", 0},
                                  {"storage_stats", json::object()},
                                  {"memory_stats", memory_stats(figures)}}};
  if (json links = networks_of_process(pid); !links.is_null()) {
    sample.document["networks"] = std::move(links);
  }
  return sample;
}

StatsSample no_stats() {
  return {.time = kNoTime,
          .cpu = {{"cpu_usage",
                   {{"total_usage", 0}, {"usage_in_kernelmode", 0}, {"usage_in_usermode", 0}}},
                  {"throttling_data", throttling({})}},
          .document = {{"pids_stats", json::object()},
                       {"blkio_stats", io_stats({}, true)},
                       {"num_procs", 0},
                       {"storage_stats", json::object()},
                       {"memory_stats", json::object()}}};
}

json stats_answer(const StatsSample& now, const StatsSample& before, const std::string& id,
                  const std::string& name) {
  json answer = now.document;
  answer["read"] = now.time;
  answer["preread"] = before.time;
  answer["cpu_stats"] = now.cpu;
  answer["precpu_stats"] = before.cpu;
  answer["id"] = id;
  answer["name"] = "/" + name;
  return answer;
}

}  // namespace slipway
