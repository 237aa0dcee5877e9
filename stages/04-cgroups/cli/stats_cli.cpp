#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <thread>

#include "01-cli-socket/api_error.hpp"
#include "02-daemon/cli/container_cli.hpp"
#include "02-daemon/cli/foreground.hpp"
#include "02-daemon/cli/format_cli.hpp"
#include "cgroup_cli.hpp"
#include "stats_rows.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr char kDefaultTable[] =
    "table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t"
    "{{.BlockIO}}\t{{.PIDs}}";
constexpr char kClearScreen[] = "\033[2J\033[H";
constexpr std::chrono::seconds kPause{1};

/// Rates need two looks. All containers are looked at, then a second passes, then all again: so a hundred take no longer
/// than one, on one connection at a time.
class StatsCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "stats",
            .aliases = {"container stats"},
            .summary = "Show what containers use, live"};
  }
  std::vector<Option> options() override {
    return {{"-a,--all", &all_, "Show all containers, not only running ones"},
            {"--format", &format_, "Print by this template: {{.Name}}, 'table …', or json"},
            {"--no-stream", &once_, "Print once and end"},
            {"--no-trunc", &whole_, "Do not shorten ids"},
            {"container", &names_, ""}};
  }

  int run(CliContext& context) override {
    using Clock = std::chrono::steady_clock;
    for (const std::string& name : names_) context.api.call("GET", container_path(name, "/json"));
    Looks before;
    Clock::time_point next = Clock::now();
    for (bool first = true;; first = false) {
      Looks now = look(context);
      // A list that is read once waits for its rates; a live one begins at once.
      if (!first || !once_) print(context, now, before);
      if (!first && once_) return 0;
      before = std::move(now);
      next += kPause;
      std::this_thread::sleep_until(next);
    }
  }

 private:
  /// Answers by how the containers were called.
  using Looks = std::map<std::string, json>;

  [[nodiscard]] std::vector<std::string> wanted(CliContext& context) const {
    if (!names_.empty()) return names_;
    std::vector<std::string> ids;
    const json list = context.api.call("GET", all_ ? "/containers/json?all=1" : "/containers/json");
    for (const json& container : list) ids.push_back(container.at("Id"));
    return ids;
  }

  Looks look(CliContext& context) {
    Looks looks;
    order_ = wanted(context);
    for (const std::string& name : order_) {
      try {
        looks[name] = context.api.call("GET", container_path(name, "/stats?stream=0&one-shot=1"));
      } catch (const ApiError& error) {
        if (error.status() != 404) throw;  // it has gone this moment
      }
    }
    return looks;
  }

  void print(CliContext& context, const Looks& now, const Looks& before) const {
    std::vector<json> rows;
    for (const std::string& name : order_) {
      const auto found = now.find(name);
      if (found == now.end()) continue;
      const auto earlier = before.find(name);
      rows.push_back(stats_row(found->second, earlier == before.end() ? json() : earlier->second,
                               whole_ || !names_.empty() ? name : name.substr(0, 12), whole_));
    }
    const bool table = format_.empty() || format_ == "table";
    if (!once_) context.out << kClearScreen;
    print_rows(context.out, table ? kDefaultTable : format_, stats_titles(), rows);
    context.out.flush();
  }

  bool all_ = false;
  bool once_ = false;
  bool whole_ = false;
  std::string format_;
  std::vector<std::string> names_;
  std::vector<std::string> order_;
};

}  // namespace

Commands stats_commands() {
  Commands commands;
  commands.push_back(std::make_unique<StatsCommand>());
  return commands;
}

}  // namespace slipway
