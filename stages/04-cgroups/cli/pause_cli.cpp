#include <ostream>

#include "02-daemon/cli/container_cli.hpp"
#include "02-daemon/cli/foreground.hpp"
#include "cgroup_cli.hpp"

namespace slipway {
namespace {

/// Both: one word, one request.
class PauseLikeCommand final : public Command {
 public:
  PauseLikeCommand(std::string name, std::string summary)
      : name_(std::move(name)), summary_(std::move(summary)) {}
  CommandInfo info() const override {
    return {.name = name_, .aliases = {"container " + name_}, .summary = summary_};
  }
  std::vector<Option> options() override { return {{"container", &containers_, "", true}}; }
  int run(CliContext& context) override {
    return for_each_name(context, containers_, [&](const std::string& container) {
      context.api.call("POST", container_path(container, "/" + name_));
      context.out << container << std::endl;
    });
  }

 private:
  std::string name_;
  std::string summary_;
  std::vector<std::string> containers_;
};

}  // namespace

Commands pause_commands() {
  Commands commands;
  commands.push_back(std::make_unique<PauseLikeCommand>(
      "pause", "Stop all processes of one or more containers where they are"));
  commands.push_back(
      std::make_unique<PauseLikeCommand>("unpause", "Let one or more paused containers go on"));
  return commands;
}

Commands cgroup_commands() { return join(pause_commands(), update_commands(), stats_commands()); }

}  // namespace slipway
