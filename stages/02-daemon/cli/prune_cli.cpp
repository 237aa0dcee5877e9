#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "02-daemon/base/human_text.hpp"
#include "container_cli.hpp"

namespace slipway {

using nlohmann::json;

namespace {

class ContainerPruneCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "container prune", .aliases = {}, .summary = "Remove all stopped containers"};
  }
  std::vector<Option> options() override {
    return {{"--filter", &filters_, "Only those that match: until=24h, label=a=b, label!=a"},
            {"-f,--force", &force_, "Do not ask"}};
  }

  int run(CliContext& context) override {
    if (!force_ && !confirmed(context)) return 0;
    const std::string query =
        filters_.empty() ? "" : "?filters=" + percent_encode(filters_json(filters_));
    const json answer = context.api.call("POST", "/containers/prune" + query);
    const json deleted = answer.value("ContainersDeleted", json());
    if (deleted.is_array() && !deleted.empty()) {
      context.out << "Deleted Containers:\n";
      for (const json& id : deleted) context.out << id.get<std::string>() << '\n';
      context.out << '\n';
    }
    context.out << "Total reclaimed space: "
                << human_size(static_cast<double>(answer.value("SpaceReclaimed", std::int64_t{0})))
                << std::endl;
    return 0;
  }

 private:
  static bool confirmed(CliContext& context) {
    context.out << "WARNING! This will remove all stopped containers.\n"
                   "Are you sure you want to continue? [y/N] "
                << std::flush;
    std::string answer;
    std::getline(context.in, answer);
    return answer == "y" || answer == "Y";
  }

  bool force_ = false;
  std::vector<std::string> filters_;
};

}  // namespace

Commands prune_commands() {
  Commands commands;
  commands.push_back(std::make_unique<ContainerPruneCommand>());
  return commands;
}

}  // namespace slipway
