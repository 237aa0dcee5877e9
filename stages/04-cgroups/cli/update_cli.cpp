#include <array>
#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>

#include "02-daemon/cli/container_cli.hpp"
#include "02-daemon/cli/create_fields.hpp"
#include "02-daemon/cli/foreground.hpp"
#include "cgroup_cli.hpp"

namespace slipway {

using nlohmann::json;

namespace {

struct UpdateFlag {
  const char* names;
  const char* field;
  FieldKind kind;
  const char* help;
};

using enum FieldKind;

constexpr auto kFlags = std::to_array<UpdateFlag>({
    {"--blkio-weight", "BlkioWeight", number, "Block I/O weight: 10 to 1000; 0: as it is"},
    {"--cpu-period", "CpuPeriod", number, "CFS period in microseconds"},
    {"--cpu-quota", "CpuQuota", number, "CFS quota in microseconds; -1: none"},
    {"--cpu-rt-period", "CpuRealtimePeriod", number, "Realtime period in microseconds"},
    {"--cpu-rt-runtime", "CpuRealtimeRuntime", number, "Realtime runtime in microseconds"},
    {"-c,--cpu-shares", "CpuShares", number, "Relative weight of processor time"},
    {"--cpus", "NanoCpus", cpus, "Number of processors: 1.5"},
    {"--cpuset-cpus", "CpusetCpus", text, "Processors to run on: 0-3,5"},
    {"--cpuset-mems", "CpusetMems", text, "Memory nodes to use"},
    {"-m,--memory", "Memory", size, "Memory limit: 512m"},
    {"--memory-reservation", "MemoryReservation", size, "Soft memory limit"},
    {"--memory-swap", "MemorySwap", size, "Limit of memory and swap together; -1: none"},
    {"--pids-limit", "PidsLimit", number, "Limit of processes; -1: none"},
    {"--restart", "RestartPolicy", restart, "no, always, unless-stopped, on-failure[:MAX]"},
});

class UpdateCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "update",
            .aliases = {"container update"},
            .summary = "Change what one or more containers may use, while they run"};
  }
  std::vector<Option> options() override {
    std::vector<Option> options;
    for (std::size_t i = 0; i < kFlags.size(); ++i) {
      options.push_back({kFlags[i].names, &values_[i], kFlags[i].help});
    }
    options.push_back({"container", &names_, "", true});
    return options;
  }
  int run(CliContext& context) override {
    json body = json::object();
    for (std::size_t i = 0; i < kFlags.size(); ++i) {
      if (values_[i]) body[kFlags[i].field] = field_json(kFlags[i].kind, {*values_[i]});
    }
    if (body.empty()) {
      throw std::runtime_error("you must provide one or more flags when using this command");
    }
    return for_each_name(context, names_, [&](const std::string& name) {
      const json answer = context.api.call("POST", container_path(name, "/update"), body);
      for (const json& warning : answer.value("Warnings", json::array())) {
        context.err << warning.get<std::string>() << '\n';
      }
      context.out << name << std::endl;
    });
  }

 private:
  std::array<std::optional<std::string>, kFlags.size()> values_;
  std::vector<std::string> names_;
};

}  // namespace

Commands update_commands() {
  Commands commands;
  commands.push_back(std::make_unique<UpdateCommand>());
  return commands;
}

}  // namespace slipway
