/// \file
/// HostConfig in; refusals in docker's words, warnings, and a section of the OCI spec out.

#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "04-cgroups/engine/device_access.hpp"
#include "04-cgroups/engine/limits.hpp"
#include "04-cgroups/kernel/device_rules.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;
using nlohmann::json;

namespace {

constexpr std::int64_t kMiB = 1024 * 1024;

/// A host that has everything.
HostSupport everything() {
  return {.memory = true,
          .memory_reservation = true,
          .swap = true,
          .swappiness = true,
          .oom_kill_disable = true,
          .pids = true,
          .cpu_shares = true,
          .cpu_quota = true,
          .cpu_realtime = true,
          .cpuset = true,
          .io_weight = true,
          .io_weight_device = true,
          .io_throttle = true,
          .processors = 2,
          .cpus = "0-1",
          .mems = "0"};
}

}  // namespace

TEST_CASE("limits that cannot be are refused in docker's words", "[04][limits][attack]") {
  const auto [host_config, words] = GENERATE(table<json, std::string>({
      {{{"Memory", 6 * kMiB - 1}}, "Minimum memory limit allowed is 6MB"},
      {{{"Memory", -1}}, "Minimum memory limit allowed is 6MB"},
      {{{"Memory", 64 * kMiB}, {"MemorySwap", 32 * kMiB}},
       "Minimum memoryswap limit should be larger than memory limit, see usage"},
      {{{"MemorySwap", 64 * kMiB}},
       "You should always set the Memory limit when using Memoryswap limit, see usage"},
      {{{"MemorySwap", -2}}, "HostConfig.MemorySwap"},
      {{{"MemorySwappiness", 101}}, "Invalid value: 101, valid memory swappiness range is 0-100"},
      {{{"MemoryReservation", 1000}}, "Minimum memory reservation allowed is 6MB"},
      {{{"Memory", 8 * kMiB}, {"MemoryReservation", 9 * kMiB}},
       "Minimum memory limit can not be less than memory reservation limit, see usage"},
      {{{"NanoCpus", 1}, {"CpuPeriod", 1000}},
       "Conflicting options: Nano CPUs and CPU Period cannot both be set"},
      {{{"NanoCpus", 1}, {"CpuQuota", 1000}},
       "Conflicting options: Nano CPUs and CPU Quota cannot both be set"},
      {{{"NanoCpus", 2'000'000'001}},
       "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"},
      {{{"NanoCpus", -1}}, "Range of CPUs is from 0.01 to 2.00"},
      {{{"NanoCpus", 9'999'999}}, "Range of CPUs is from 0.01 to 2.00"},
      {{{"CpuPeriod", 999}}, "CPU cfs period can not be less than 1ms (i.e. 1000)"},
      {{{"CpuPeriod", 1'000'001}}, "or larger than 1s (i.e. 1000000)"},
      {{{"CpuQuota", 999}}, "CPU cfs quota can not be less than 1ms (i.e. 1000)"},
      {{{"CpuShares", -1}}, "invalid CPU shares (-1): value must be a positive integer"},
      {{{"CpusetCpus", "0-2"}}, "Requested CPUs are not available - requested 0-2, available: 0-1"},
      {{{"CpusetCpus", "x"}}, "Invalid value x for cpuset cpus"},
      {{{"CpusetMems", "1"}},
       "Requested memory nodes are not available - requested 1, available: 0"},
      {{{"BlkioWeight", 9}}, "Range of blkio weight is from 10 to 1000"},
      {{{"BlkioWeight", 1001}}, "Range of blkio weight is from 10 to 1000"},
      {{{"BlkioWeightDevice", {{{"Path", "/dev/sda"}, {"Weight", 5}}}}},
       "HostConfig.BlkioWeightDevice[0].Weight"},
      {{{"BlkioDeviceReadBps", {{{"Path", "sda"}, {"Rate", 5}}}}},
       "HostConfig.BlkioDeviceReadBps[0].Path"},
      {{{"IOMaximumIOps", 1}}, "linux does not support Maximum IO Bandwidth or Maximum IO IOps"},
  }));
  INFO(host_config);
  json given = host_config;
  std::vector<std::string> warnings;
  try {
    check_limits_of(given, everything(), false, warnings);
    FAIL("not refused");
  } catch (const ApiError& error) {
    CHECK(error.status() == 400);
    CHECK_THAT(error.what(), Contains(words));
  }
}

TEST_CASE("a limit that the kernel has not is a warning, and is gone", "[04][limits]") {
  const auto [host_config, field, words] = GENERATE(table<json, std::string, std::string>({
      {{{"Memory", 64 * kMiB}}, "Memory", "Your kernel does not support memory limit capabilities"},
      {{{"MemoryReservation", 64 * kMiB}},
       "MemoryReservation",
       "Your kernel does not support memory soft limit capabilities"},
      {{{"MemorySwappiness", 5}},
       "MemorySwappiness",
       "Your kernel does not support memory swappiness capabilities"},
      {{{"OomKillDisable", true}},
       "OomKillDisable",
       "Your kernel does not support OomKillDisable. OomKillDisable discarded."},
      {{{"PidsLimit", 5}}, "PidsLimit", "Your kernel does not support PIDs limit capabilities"},
      {{{"CpuShares", 5}}, "CpuShares", "Your kernel does not support CPU shares"},
      {{{"CpuQuota", 5000}}, "CpuQuota", "Your kernel does not support CPU CFS scheduler."},
      {{{"CpuRealtimeRuntime", 5000}},
       "CpuRealtimeRuntime",
       "Your kernel does not support CPU real-time scheduler"},
      {{{"CpusetCpus", "0"}}, "CpusetCpus", "Your kernel does not support cpuset"},
      {{{"BlkioWeight", 500}}, "BlkioWeight", "Your kernel does not support Block I/O weight"},
      {{{"BlkioDeviceReadBps", {{{"Path", "/dev/sda"}, {"Rate", 5}}}}},
       "BlkioDeviceReadBps",
       "Your kernel does not support BPS Block I/O read limit"},
  }));
  json given = host_config;
  std::vector<std::string> warnings;
  check_limits_of(given, HostSupport{}, false, warnings);
  INFO(given);
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Catch::StartsWith(words));
  CHECK_FALSE(given.contains(field));
}

TEST_CASE("limits are completed as docker completes them", "[04][limits]") {
  std::vector<std::string> warnings;
  json memory = {{"Memory", 64 * kMiB}};
  check_limits_of(memory, everything(), false, warnings);
  CHECK(memory["MemorySwap"] == 128 * kMiB);
  json swapless = {{"Memory", 64 * kMiB}, {"MemorySwap", 65 * kMiB}};
  HostSupport no_swap = everything();
  no_swap.swap = false;
  CHECK(warnings.empty());
  check_limits_of(swapless, no_swap, false, warnings);
  CHECK(swapless["MemorySwap"] == -1);
  CHECK(warnings.size() == 1);
  json swappiness = {{"MemorySwappiness", -1}};
  check_limits_of(swappiness, HostSupport{}, false, warnings);
  CHECK(swappiness["MemorySwappiness"].is_null());
}

TEST_CASE("limits become the spec's resources", "[04][limits]") {
  const auto [host_config, section] = GENERATE(table<json, json>({
      {json::object(), json::object()},
      {{{"Memory", 0}, {"CpuShares", 0}, {"CpusetCpus", ""}, {"PidsLimit", nullptr}},
       json::object()},
      {{{"Memory", 9}, {"MemorySwap", 18}, {"MemoryReservation", 5}},
       {{"memory", {{"limit", 9}, {"swap", 18}, {"reservation", 5}}}}},
      {{{"NanoCpus", 500'000'000}}, {{"cpu", {{"period", 100'000}, {"quota", 50'000}}}}},
      {{{"CpuShares", 3}, {"CpusetCpus", "0"}, {"CpusetMems", "0"}},
       {{"cpu", {{"shares", 3}, {"cpus", "0"}, {"mems", "0"}}}}},
      {{{"PidsLimit", 20}}, {{"pids", {{"limit", 20}}}}},
      {{{"PidsLimit", 0}}, {{"pids", {{"limit", -1}}}}},
      {{{"PidsLimit", -1}}, {{"pids", {{"limit", -1}}}}},
      {{{"OomKillDisable", true}}, {{"memory", {{"disableOOMKiller", true}}}}},
  }));
  CHECK(resources_section(host_config) == section);
}

TEST_CASE("an update takes over what it asks for, and nothing else", "[04][update]") {
  json host_config = {{"Memory", 64}, {"MemorySwap", -1}, {"PidsLimit", 5}, {"CpuShares", 7}};
  merge_limits({{"Memory", 128}, {"CpuShares", 0}, {"CpusetCpus", ""}, {"Privileged", true}},
               host_config);
  CHECK(host_config ==
        json{{"Memory", 128}, {"MemorySwap", -1}, {"PidsLimit", 5}, {"CpuShares", 7}});
  merge_limits({{"PidsLimit", 0}}, host_config);
  CHECK(host_config["PidsLimit"] == 0);
}

TEST_CASE("an update that contradicts what is set is a conflict", "[04][update][attack]") {
  const auto [now, changes, words] = GENERATE(table<json, json, std::string>({
      {{{"CpuPeriod", 5}}, {{"NanoCpus", 5}}, "Nano CPUs cannot be updated as CPU Period"},
      {{{"CpuQuota", 5}}, {{"NanoCpus", 5}}, "Nano CPUs cannot be updated as CPU Quota"},
      {{{"NanoCpus", 5}}, {{"CpuPeriod", 5}}, "CPU Period cannot be updated as NanoCPUs"},
      {{{"NanoCpus", 5}}, {{"CpuQuota", 5}}, "CPU Quota cannot be updated as NanoCPUs"},
      {{{"Memory", 5}, {"MemorySwap", 10}},
       {{"Memory", 11}},
       "Memory limit should be smaller than already set memoryswap limit"},
  }));
  json host_config = now;
  try {
    merge_limits(changes, host_config);
    FAIL("not refused");
  } catch (const ApiError& error) {
    CHECK(error.status() == 409);
    CHECK_THAT(error.what(), Contains(words));
  }
  CHECK(host_config == now);
}

TEST_CASE("devices: what is not given is forbidden", "[04][devices]") {
  const json nodes = {{{"path", "/dev/x"}, {"type", "b"}, {"major", 8}, {"minor", 1}},
                      {{"path", "/dev/d/y"}, {"type", "c"}, {"major", 9}, {"minor", 2}}};
  const json none = device_access(json::object(), nodes);
  CHECK(none.at(0).at("allow") == false);
  CHECK(none.size() == default_device_rules().size());
  const json given = device_access(
      {{"Devices",
        {{{"PathOnHost", "/dev/x"}, {"PathInContainer", "/dev/x"}, {"CgroupPermissions", "r"}},
         {{"PathOnHost", "/d"}, {"PathInContainer", "/dev/d"}, {"CgroupPermissions", ""}}}},
       {"DeviceCgroupRules", {"c 7:* rw"}}},
      nodes);
  const DeviceRules rules = device_rules_of(given);
  REQUIRE(rules.size() == none.size() + 3);
  CHECK(to_string(rules[none.size()]) == "b 8:1 r");
  CHECK(to_string(rules[none.size() + 1]) == "c 9:2 rwm");
  CHECK(to_string(rules[none.size() + 2]) == "c 7:* rw");
  CHECK(device_access({{"Privileged", true}}, nodes) == to_json(all_devices()));
  CHECK_THROWS_WITH(check_device_access({{"DeviceCgroupRules", {"c 1"}}}),
                    Contains("HostConfig.DeviceCgroupRules: invalid device cgroup rule format"));
}
