#include "limits.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "cpu_set.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr std::int64_t kLeastMemory = 6 * 1024 * 1024;
constexpr std::int64_t kBillion = 1'000'000'000;
constexpr std::int64_t kPeriod = 100'000;  // microseconds
constexpr std::int64_t kLeastTime = 1000;  // a millisecond

/// A check in progress: the document, and what there is to say.
class LimitCheck {
 public:
  LimitCheck(json& host_config, const HostSupport& support, bool update,
             std::vector<std::string>& warnings)
      : host_(host_config), support_(support), update_(update), warnings_(warnings) {}

  void run() {
    check_memory();
    check_memory_extras();
    check_oom();
    check_pids();
    check_cpu_time();
    check_cpu_shares();
    check_cpu_sets();
    check_io();
  }

 private:
  [[nodiscard]] std::int64_t number(const char* field) const {
    return JsonFields(host_, "HostConfig").integer(field);
  }
  [[nodiscard]] std::string text(const char* field) const {
    return JsonFields(host_, "HostConfig").text(field);
  }
  /// Drops fields that ask for what the kernel has not.
  void discard(std::initializer_list<const char*> fields, const char* words) {
    warnings_.emplace_back(words);
    for (const char* field : fields) host_.erase(field);
  }

  void check_memory() {
    const std::int64_t memory = number("Memory");
    if (memory != 0 && memory < kLeastMemory) {
      throw bad_request("Minimum memory limit allowed is 6MB");
    }
    if (memory > 0 && !support_.memory) {
      discard({"Memory", "MemorySwap"},
              "Your kernel does not support memory limit capabilities or the cgroup is not "
              "mounted. Limitation discarded.");
    }
    check_swap();
  }

  void check_swap() {
    const std::int64_t memory = number("Memory");
    const std::int64_t swap = number("MemorySwap");
    if (memory > 0 && swap != -1 && !support_.swap) {
      warnings_.emplace_back(
          "Your kernel does not support swap limit capabilities or the cgroup is not mounted. "
          "Memory limited without swap.");
      host_["MemorySwap"] = -1;
      return;
    }
    if (swap < -1)
      throw bad_request("HostConfig.MemorySwap: " + std::to_string(swap) + " is no size");
    if (memory > 0 && swap > 0 && swap < memory) {
      throw bad_request("Minimum memoryswap limit should be larger than memory limit, see usage");
    }
    if (memory == 0 && swap > 0 && !update_) {
      throw bad_request(
          "You should always set the Memory limit when using Memoryswap limit, see usage");
    }
    // As much swap as memory, if nobody says otherwise.
    if (memory > 0 && swap == 0 && !update_) host_["MemorySwap"] = memory * 2;
  }

  void check_memory_extras() {
    if (number("MemorySwappiness") == -1) host_["MemorySwappiness"] = nullptr;  // "not given"
    if (JsonFields(host_).has("MemorySwappiness")) check_swappiness();
    const std::int64_t reservation = number("MemoryReservation");
    if (reservation > 0 && !support_.memory_reservation) {
      return discard({"MemoryReservation"},
                     "Your kernel does not support memory soft limit capabilities or the cgroup "
                     "is not mounted. Limitation discarded.");
    }
    if (reservation != 0 && reservation < kLeastMemory) {
      throw bad_request("Minimum memory reservation allowed is 6MB");
    }
    if (reservation > 0 && number("Memory") > 0 && number("Memory") < reservation) {
      throw bad_request(
          "Minimum memory limit can not be less than memory reservation limit, see usage");
    }
  }

  void check_swappiness() {
    if (!support_.swappiness) {
      return discard({"MemorySwappiness"},
                     "Your kernel does not support memory swappiness capabilities or the cgroup "
                     "is not mounted. Memory swappiness discarded.");
    }
    const std::int64_t swappiness = number("MemorySwappiness");
    if (swappiness >= 0 && swappiness <= 100) return;
    throw bad_request("Invalid value: " + std::to_string(swappiness) +
                      ", valid memory swappiness range is 0-100");
  }

  void check_oom() {
    if (number("KernelMemory") > 0 || number("KernelMemoryTCP") > 0) {
      discard({"KernelMemory", "KernelMemoryTCP"},
              "Your kernel does not support kernel memory limit capabilities or the cgroup is not "
              "mounted. Limitation discarded.");
    }
    if (!JsonFields(host_, "HostConfig").boolean("OomKillDisable")) return;
    if (!support_.oom_kill_disable) {
      discard({"OomKillDisable"},
              "Your kernel does not support OomKillDisable. OomKillDisable discarded.");
    } else if (number("Memory") == 0) {
      warnings_.emplace_back(
          "OOM killer is disabled for the container, but no memory limit is set, this can result "
          "in the system running out of resources.");
    }
  }

  void check_pids() {
    if (support_.pids || number("PidsLimit") <= 0) return;
    discard({"PidsLimit"},
            "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. "
            "PIDs limit discarded.");
  }

  void check_cpu_time() {
    const std::int64_t nano = number("NanoCpus");
    if (nano > 0 && number("CpuPeriod") > 0) {
      throw bad_request("Conflicting options: Nano CPUs and CPU Period cannot both be set");
    }
    if (nano > 0 && number("CpuQuota") > 0) {
      throw bad_request("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
    }
    if (nano > 0 && !support_.cpu_quota) {
      throw bad_request(
          "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the "
          "cgroup is not mounted");
    }
    const bool too_little = nano != 0 && nano < kBillion / kPeriod * kLeastTime;
    if (too_little || nano > support_.processors * kBillion) {
      const std::string all = std::to_string(support_.processors);
      throw bad_request("Range of CPUs is from 0.01 to " + all + ".00, as there are only " + all +
                        " CPUs available");
    }
    check_quota();
  }

  void check_quota() {
    const std::int64_t period = number("CpuPeriod");
    const std::int64_t quota = number("CpuQuota");
    if ((period != 0 || quota != 0) && !support_.cpu_quota) {
      return discard({"CpuPeriod", "CpuQuota"},
                     "Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.");
    }
    if (period != 0 && (period < kLeastTime || period > 1'000'000)) {
      throw bad_request(
          "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
    }
    if (quota > 0 && quota < kLeastTime) {
      throw bad_request("CPU cfs quota can not be less than 1ms (i.e. 1000)");
    }
    if (quota < -1)
      throw bad_request("HostConfig.CpuQuota: " + std::to_string(quota) + " is no time");
    check_realtime();
  }

  void check_realtime() {
    const std::int64_t runtime = number("CpuRealtimeRuntime");
    const std::int64_t period = number("CpuRealtimePeriod");
    if (runtime < 0 || period < 0) {
      throw bad_request("HostConfig.CpuRealtimeRuntime and CpuRealtimePeriod are 0 or more");
    }
    if ((runtime != 0 || period != 0) && !support_.cpu_realtime) {
      discard({"CpuRealtimeRuntime", "CpuRealtimePeriod"},
              "Your kernel does not support CPU real-time scheduler. CPU realtime "
              "period/runtime discarded.");
    }
  }

  void check_cpu_shares() {
    const std::int64_t shares = number("CpuShares");
    if (shares < 0) {
      throw bad_request("invalid CPU shares (" + std::to_string(shares) +
                        "): value must be a positive integer");
    }
    if (shares > 0 && !support_.cpu_shares) {
      discard({"CpuShares"},
              "Your kernel does not support CPU shares or the cgroup is not mounted. Shares "
              "discarded.");
    }
    if (number("CpuPercent") > 0) {
      discard({"CpuPercent"}, "linux does not support CPU percent. Percent discarded.");
    }
  }

  void check_cpu_sets() {
    if (!support_.cpuset && !(text("CpusetCpus") + text("CpusetMems")).empty()) {
      return discard({"CpusetCpus", "CpusetMems"},
                     "Your kernel does not support cpuset or the cgroup is not mounted. Cpuset "
                     "discarded.");
    }
    check_set("CpusetCpus", support_.cpus, "cpuset cpus", "CPUs");
    check_set("CpusetMems", support_.mems, "cpuset mems", "memory nodes");
  }

  void check_set(const char* field, const std::string& available, const char* what,
                 const char* things) {
    const std::string wanted = text(field);
    const auto numbers = parse_cpu_set(wanted);
    if (!numbers) {
      throw bad_request("Invalid value " + wanted + " for " + what + ": invalid format: " + wanted);
    }
    const std::set<int> there = parse_cpu_set(available).value_or(std::set<int>());
    if (std::ranges::includes(there, *numbers)) return;
    throw bad_request("Requested " + std::string(things) + " are not available - requested " +
                      wanted + ", available: " + available);
  }

  void check_io() {
    const std::int64_t weight = number("BlkioWeight");
    if (weight != 0 && !support_.io_weight) {
      discard({"BlkioWeight"},
              "Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight "
              "discarded.");
    } else if (weight != 0 && (weight < 10 || weight > 1000)) {
      throw bad_request("Range of blkio weight is from 10 to 1000");
    }
    if (number("IOMaximumBandwidth") != 0 || number("IOMaximumIOps") != 0) {
      throw bad_request(
          "Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps");
    }
    check_io_list("BlkioWeightDevice", support_.io_weight_device,
                  "Your kernel does not support Block I/O weight_device or the cgroup is not "
                  "mounted. Weight-device discarded.");
    check_io_list("BlkioDeviceReadBps", support_.io_throttle,
                  "Your kernel does not support BPS Block I/O read limit or the cgroup is not "
                  "mounted. Block I/O BPS read limit discarded.");
    check_io_list("BlkioDeviceWriteBps", support_.io_throttle,
                  "Your kernel does not support BPS Block I/O write limit or the cgroup is not "
                  "mounted. Block I/O BPS write limit discarded.");
    check_io_list("BlkioDeviceReadIOps", support_.io_throttle,
                  "Your kernel does not support IOPS Block read limit or the cgroup is not "
                  "mounted. Block I/O IOPS read limit discarded.");
    check_io_list("BlkioDeviceWriteIOps", support_.io_throttle,
                  "Your kernel does not support IOPS Block write limit or the cgroup is not "
                  "mounted. Block I/O IOPS write limit discarded.");
  }

  void check_io_list(const char* field, bool supported, const char* words) {
    const json& list = JsonFields(host_, "HostConfig").array(field);
    if (list.empty()) return;
    if (!supported) return discard({field}, words);
    for (std::size_t i = 0; i < list.size(); ++i) {
      const JsonFields entry(list[i],
                             "HostConfig." + std::string(field) + "[" + std::to_string(i) + "]");
      const bool is_weight = std::string_view(field) == "BlkioWeightDevice";
      const std::int64_t value = entry.integer(is_weight ? "Weight" : "Rate");
      if (is_weight && value != 0 && (value < 10 || value > 1000)) {
        throw bad_request(entry.path_of("Weight") + ": Range of blkio weight is from 10 to 1000");
      }
      if (value < 0) throw bad_request(entry.path_of("Rate") + ": invalid rate for device");
      if (!entry.text("Path").starts_with("/dev/")) {
        throw bad_request(entry.path_of("Path") + ": \"" + entry.text("Path") +
                          "\" is not a device below /dev");
      }
    }
  }

  json& host_;
  const HostSupport& support_;
  bool update_;
  std::vector<std::string>& warnings_;
};

constexpr std::array kIoLists = std::to_array<std::pair<const char*, const char*>>({
    {"BlkioWeightDevice", "weightDevice"},
    {"BlkioDeviceReadBps", "throttleReadBpsDevice"},
    {"BlkioDeviceWriteBps", "throttleWriteBpsDevice"},
    {"BlkioDeviceReadIOps", "throttleReadIOPSDevice"},
    {"BlkioDeviceWriteIOps", "throttleWriteIOPSDevice"},
});

json io_list(const json& list, const char* field) {
  const bool is_weight = std::string_view(field) == "BlkioWeightDevice";
  json entries = json::array();
  for (const json& given : list) {
    const JsonFields fields(given, field);
    const std::string path = fields.text("Path");
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0 || !S_ISBLK(about.st_mode)) {
      throw ApiError(500, "HostConfig." + std::string(field) + ": " + path + " is no block device");
    }
    entries.push_back(
        {{"major", major(about.st_rdev)},
         {"minor", minor(about.st_rdev)},
         {is_weight ? "weight" : "rate", fields.integer(is_weight ? "Weight" : "Rate")}});
  }
  return entries;
}

json io_section(const JsonFields& host) {
  json section = json::object();
  if (const std::int64_t weight = host.integer("BlkioWeight")) section["weight"] = weight;
  for (const auto& [field, name] : kIoLists) {
    const json& list = host.array(field);
    if (!list.empty()) section[name] = io_list(list, field);
  }
  return section;
}

json memory_section(const JsonFields& host) {
  json section = json::object();
  for (const auto& [field, name] : {std::pair{"Memory", "limit"},
                                    {"MemorySwap", "swap"},
                                    {"MemoryReservation", "reservation"}}) {
    if (const std::int64_t value = host.integer(field)) section[name] = value;
  }
  if (!section.contains("limit")) section.erase("swap");
  if (const auto value = host.maybe_integer("MemorySwappiness")) section["swappiness"] = *value;
  if (host.boolean("OomKillDisable")) section["disableOOMKiller"] = true;
  return section;
}

json cpu_section(const JsonFields& host) {
  json section = json::object();
  for (const auto& [field, name] : {std::pair{"CpuShares", "shares"},
                                    {"CpuPeriod", "period"},
                                    {"CpuQuota", "quota"},
                                    {"CpuRealtimePeriod", "realtimePeriod"},
                                    {"CpuRealtimeRuntime", "realtimeRuntime"}}) {
    if (const std::int64_t value = host.integer(field)) section[name] = value;
  }
  if (const std::int64_t nano = host.integer("NanoCpus")) {
    section["period"] = kPeriod;
    section["quota"] = nano * kPeriod / kBillion;
  }
  for (const auto& [field, name] : {std::pair{"CpusetCpus", "cpus"}, {"CpusetMems", "mems"}}) {
    if (const std::string value = host.text(field); !value.empty()) section[name] = value;
  }
  return section;
}

/// What an update may change; the rest of HostConfig is how the container was made.
constexpr std::array kUpdatable = std::to_array<const char*>(
    {"BlkioWeight", "CpuShares", "NanoCpus", "CpuPeriod", "CpuQuota", "CpuRealtimePeriod",
     "CpuRealtimeRuntime", "CpusetCpus", "CpusetMems", "Memory", "MemorySwap", "MemoryReservation",
     "BlkioWeightDevice", "BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps",
     "BlkioDeviceWriteIOps"});

bool asks(const json& value) {
  return !(value.is_null() || value == 0 || value == "" || (value.is_array() && value.empty()));
}

void refuse_conflicts(const JsonFields& changes, const JsonFields& now) {
  const auto set = [](const JsonFields& fields, const char* name) {
    return fields.integer(name) > 0;
  };
  if (set(changes, "NanoCpus") && set(now, "CpuPeriod")) {
    throw conflict(
        "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set");
  }
  if (set(changes, "NanoCpus") && set(now, "CpuQuota")) {
    throw conflict(
        "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set");
  }
  if (set(changes, "CpuPeriod") && set(now, "NanoCpus")) {
    throw conflict(
        "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set");
  }
  if (set(changes, "CpuQuota") && set(now, "NanoCpus")) {
    throw conflict(
        "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");
  }
  const std::int64_t swap = now.integer("MemorySwap");
  if (changes.integer("Memory") > swap && swap != -1 && changes.integer("MemorySwap") == 0 &&
      changes.integer("Memory") > 0) {
    throw conflict(
        "Memory limit should be smaller than already set memoryswap limit, update the memoryswap "
        "at the same time");
  }
}

}  // namespace

std::vector<std::string_view> limit_fields() {
  std::vector<std::string_view> fields(kUpdatable.begin(), kUpdatable.end());
  for (const char* more :
       {"MemorySwappiness", "OomKillDisable", "PidsLimit", "KernelMemory", "KernelMemoryTCP",
        "CpuPercent", "CpuCount", "IOMaximumBandwidth", "IOMaximumIOps"}) {
    fields.emplace_back(more);
  }
  return fields;
}

void check_limits_of(json& host_config, const HostSupport& support, bool update,
                     std::vector<std::string>& warnings) {
  LimitCheck(host_config, support, update, warnings).run();
}

void merge_limits(const json& changes, json& host_config) {
  refuse_conflicts(JsonFields(changes), JsonFields(host_config));
  for (const char* field : kUpdatable) {
    if (changes.contains(field) && asks(changes[field])) host_config[field] = changes[field];
  }
  // Here zero says something: no limit.
  if (JsonFields(changes).has("PidsLimit")) host_config["PidsLimit"] = changes["PidsLimit"];
}

json resources_section(const json& host_config) {
  const JsonFields host(host_config, "HostConfig");
  json section = json::object();
  if (json memory = memory_section(host); !memory.empty()) section["memory"] = std::move(memory);
  if (json cpu = cpu_section(host); !cpu.empty()) section["cpu"] = std::move(cpu);
  if (json io = io_section(host); !io.empty()) section["blockIO"] = std::move(io);
  if (const auto pids = host.maybe_integer("PidsLimit")) {
    section["pids"] = {{"limit", *pids > 0 ? *pids : -1}};
  }
  return section;
}

}  // namespace slipway
