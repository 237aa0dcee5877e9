#include "resources.hpp"

#include <nlohmann/json.hpp>

#include "01-cli-socket/json_fields.hpp"

namespace slipway {

using nlohmann::json;

namespace {

std::optional<std::uint64_t> natural(const JsonFields& fields, std::string_view name) {
  const auto number = fields.maybe_integer(name);
  if (!number) return std::nullopt;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(*number, 0));
}

void read_memory(const JsonFields& memory, Resources& resources) {
  resources.memory = memory.maybe_integer("limit");
  resources.memory_and_swap = memory.maybe_integer("swap");
  resources.memory_reservation = memory.maybe_integer("reservation");
  resources.swappiness = natural(memory, "swappiness");
  resources.oom_kill_disable = memory.boolean("disableOOMKiller");
}

void read_cpu(const JsonFields& cpu, Resources& resources) {
  resources.cpu_shares = natural(cpu, "shares");
  resources.cpu_quota = cpu.maybe_integer("quota");
  resources.cpu_period = natural(cpu, "period");
  resources.realtime_runtime = cpu.maybe_integer("realtimeRuntime");
  resources.realtime_period = natural(cpu, "realtimePeriod");
  resources.cpus = cpu.text("cpus");
  resources.mems = cpu.text("mems");
}

std::vector<DeviceRate> device_rates(const JsonFields& io, const std::string& name,
                                     const char* value) {
  std::vector<DeviceRate> rates;
  for (const json& entry : io.array(name)) {
    const JsonFields fields(entry, io.path_of(name));
    rates.push_back({.major = fields.integer("major"),
                     .minor = fields.integer("minor"),
                     .value = natural(fields, value).value_or(0)});
  }
  return rates;
}

void read_io(const JsonFields& io, Resources& resources) {
  resources.io_weight = natural(io, "weight");
  resources.io_weight_devices = device_rates(io, "weightDevice", "weight");
  resources.read_bps = device_rates(io, "throttleReadBpsDevice", "rate");
  resources.write_bps = device_rates(io, "throttleWriteBpsDevice", "rate");
  resources.read_iops = device_rates(io, "throttleReadIOPSDevice", "rate");
  resources.write_iops = device_rates(io, "throttleWriteIOPSDevice", "rate");
}

}  // namespace

Resources resources_of(const json& spec) {
  Resources resources;
  const JsonFields fields = JsonFields(spec).object("linux").object("resources");
  read_memory(fields.object("memory"), resources);
  read_cpu(fields.object("cpu"), resources);
  read_io(fields.object("blockIO"), resources);
  resources.pids = fields.object("pids").maybe_integer("limit");
  for (const json& entry : fields.array("hugepageLimits")) {
    const JsonFields pages(entry, fields.path_of("hugepageLimits"));
    resources.huge_pages.push_back(
        {.size = pages.text("pageSize"), .limit = natural(pages, "limit").value_or(0)});
  }
  if (fields.has("devices")) resources.devices = device_rules_of(fields.array("devices"));
  resources.unified = fields.text_map("unified");
  return resources;
}

}  // namespace slipway
