/// \file
/// Limits in, lines for files out: nothing of the host is touched.

#include <nlohmann/json.hpp>

#include "04-cgroups/engine/cpu_set.hpp"
#include "04-cgroups/kernel/settings.hpp"
#include "04-cgroups/launch/oom_watch.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;
using nlohmann::json;

namespace {

Resources resources(const json& section) {
  return resources_of({{"linux", {{"resources", section}}}});
}

/// "file=value" of each.
std::vector<std::string> lines(const std::vector<Setting>& settings) {
  std::vector<std::string> texts;
  for (const Setting& setting : settings) texts.push_back(setting.file + "=" + setting.value);
  return texts;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("each limit is one line, in either version", "[04][limits]") {
  const auto [section, version1, version2] = GENERATE(table<json, Lines, Lines>({
      {json::object(), {}, {}},
      {{{"memory", {{"limit", 1024}}}}, {"memory.limit_in_bytes=1024"}, {"memory.max=1024"}},
      {{{"memory", {{"limit", 1024}, {"swap", 3072}}}},
       {"memory.limit_in_bytes=1024", "memory.memsw.limit_in_bytes=3072"},
       {"memory.max=1024", "memory.swap.max=2048"}},
      {{{"memory", {{"limit", 1024}, {"swap", -1}}}},
       {"memory.limit_in_bytes=1024", "memory.memsw.limit_in_bytes=-1"},
       {"memory.max=1024", "memory.swap.max=max"}},
      {{{"memory", {{"reservation", 9}, {"swappiness", 60}, {"disableOOMKiller", true}}}},
       {"memory.soft_limit_in_bytes=9", "memory.swappiness=60", "memory.oom_control=1"},
       {"memory.low=9"}},
      {{{"cpu", {{"shares", 1024}}}}, {"cpu.shares=1024"}, {"cpu.weight=39"}},
      {{{"cpu", {{"quota", 50000}, {"period", 100000}}}},
       {"cpu.cfs_period_us=100000", "cpu.cfs_quota_us=50000"},
       {"cpu.max=50000 100000"}},
      {{{"cpu", {{"quota", -1}}}}, {"cpu.cfs_quota_us=-1"}, {"cpu.max=max 100000"}},
      {{{"cpu", {{"cpus", "0-1"}, {"mems", "0"}}}},
       {"cpuset.cpus=0-1", "cpuset.mems=0"},
       {"cpuset.cpus=0-1", "cpuset.mems=0"}},
      {{{"cpu", {{"realtimeRuntime", 5}, {"realtimePeriod", 10}}}},
       {"cpu.rt_period_us=10", "cpu.rt_runtime_us=5"},
       {}},
      {{{"pids", {{"limit", 20}}}}, {"pids.max=20"}, {"pids.max=20"}},
      {{{"pids", {{"limit", -1}}}}, {"pids.max=max"}, {"pids.max=max"}},
      {{{"blockIO", {{"weight", 500}}}}, {"blkio.weight=500"}, {"io.weight=default 4950"}},
      {{{"blockIO",
         {{"throttleReadBpsDevice", {{{"major", 8}, {"minor", 0}, {"rate", 1048576}}}},
          {"throttleWriteIOPSDevice", {{{"major", 8}, {"minor", 16}, {"rate", 10}}}}}}},
       {"blkio.throttle.read_bps_device=8:0 1048576", "blkio.throttle.write_iops_device=8:16 10"},
       {"io.max=8:0 rbps=1048576", "io.max=8:16 wiops=10"}},
      {{{"hugepageLimits", {{{"pageSize", "2MB"}, {"limit", 4096}}}}},
       {"hugetlb.2MB.limit_in_bytes=4096"},
       {"hugetlb.2MB.max=4096"}},
      {{{"unified", {{"memory.high", "1000"}}}}, {}, {"memory.high=1000"}},
  }));
  INFO(section);
  CHECK(lines(version1_settings(resources(section))) == version1);
  CHECK(lines(version2_settings(resources(section))) == version2);
}

TEST_CASE("shares become weights that keep their proportion", "[04][limits]") {
  CHECK(cpu_weight(2) == 1);
  CHECK(cpu_weight(0) == 1);
  CHECK(cpu_weight(262'144) == 10'000);
  CHECK(cpu_weight(3072) / cpu_weight(1024) == 3);
}

TEST_CASE("a spec with a field of another type names it", "[04][limits][attack]") {
  const auto [section, field] = GENERATE(table<json, std::string>({
      {{{"memory", 5}}, "linux.resources.memory"},
      {{{"memory", {{"limit", "5"}}}}, "linux.resources.memory.limit"},
      {{{"pids", {{"limit", true}}}}, "linux.resources.pids.limit"},
      {{{"devices", {{{"allow", true}, {"type", "x"}}}}}, "linux.resources.devices"},
      {{{"devices", {{{"allow", true}, {"access", "rwx"}}}}}, "linux.resources.devices"},
  }));
  CHECK_THROWS_WITH(resources(section), Catch::Contains(field));
}

TEST_CASE("device rules are read and written as the kernel does", "[04][devices]") {
  for (const char* text : {"c 1:3 rwm", "b 8:* r", "a *:* m", "c *:7 w"}) {
    INFO(text);
    const auto rule = parse_device_rule(text);
    REQUIRE(rule);
    CHECK(to_string(*rule) == text);
    CHECK(device_rules_of(to_json(DeviceRules{*rule})).at(0) == *rule);
  }
  CHECK(to_string(*parse_device_rule("a *:* rwm")) == "a");
  for (const char* text : {"", "a", "c", "c 1:3", "c 1 rwm", "x 1:3 rwm", "c 1:3 rwx", "c 1:3 rwmr",
                           "c -1:3 r", "c 1:3  r", " c 1:3 r", "c 1:99999999999 r"}) {
    INFO(text);
    CHECK_FALSE(parse_device_rule(text));
  }
}

TEST_CASE("no list of devices is not all devices", "[04][devices][attack]") {
  const DeviceRule null = *parse_device_rule("c 1:3 rwm");
  CHECK(closed_device_rules({}) == default_device_rules());
  CHECK(closed_device_rules({null}) == DeviceRules{{.allow = false}, null});
  CHECK(closed_device_rules(all_devices()) == all_devices());
  CHECK(closed_device_rules(default_device_rules()) == default_device_rules());
}

TEST_CASE("lists of processors", "[04][limits]") {
  CHECK(parse_cpu_set("") == std::set<int>{});
  CHECK(parse_cpu_set("0-2,5") == std::set<int>{0, 1, 2, 5});
  CHECK(parse_cpu_set("3") == std::set<int>{3});
  for (const char* text : {"x", "1-", "-1", "2-1", "0,", ",0", "0,,1", "0-99999", "1.5", "0-1-2"}) {
    INFO(text);
    CHECK_FALSE(parse_cpu_set(text));
  }
}

TEST_CASE("the kernel's log names the victim", "[04][oom]") {
  const std::string log =
      "6,1,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
      "oom_memcg=/slipway/abc,task_memcg=/slipway/abc,task=probe,pid=71,uid=0\n"
      "3,2,1,-;Memory cgroup out of memory: Killed process 71 (probe) total-vm:70000kB, "
      "anon-rss:32768kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:100kB oom_score_adj:0\n"
      "6,3,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/slipway/abcd,"
      "task_memcg=/slipway/abcd,task=other,pid=72,uid=0\n";
  CHECK(victim_in(log, "/slipway/abc") == "probe (pid 71, 32MiB)");
  CHECK(victim_in(log, "/slipway/abcd") == "other (pid 72)");
  CHECK(victim_in(log, "/slipway/ab").empty());
  CHECK(
      oom_text({.kills = 2, .peak = 1024, .limit = 2048}, "probe (pid 71)") ==
      "out of memory: the kernel killed probe (pid 71), the last of 2; limit 2KiB, most used 1KiB");
  CHECK(oom_text({.kills = 1}, "") ==
        "out of memory: the kernel killed a process of the container");
}
