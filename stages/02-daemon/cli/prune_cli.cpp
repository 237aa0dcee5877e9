#include <nlohmann/json.hpp>

#include "container_cli.hpp"
#include "prune_text.hpp"

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
    if (!force_ && !confirmed(context, "all stopped containers")) return 0;
    const json answer = context.api.call("POST", "/containers/prune" + filter_query(filters_));
    print_pruned(context, answer, "ContainersDeleted", "Deleted Containers:");
    return 0;
  }

 private:
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
