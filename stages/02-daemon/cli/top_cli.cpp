#include <nlohmann/json.hpp>
#include <ostream>

#include "container_cli.hpp"
#include "foreground.hpp"
#include "text_table.hpp"

namespace slipway {

using nlohmann::json;

namespace {

class TopCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "top",
            .aliases = {"container top"},
            .summary = "Show the processes of a container",
            .stop_at_positional = true};
  }
  std::vector<Option> options() override {
    return {{"container", &name_, "", true}, {"ps_options", &arguments_, ""}};
  }
  int run(CliContext& context) override {
    std::string arguments;
    for (const std::string& word : arguments_) arguments += (arguments.empty() ? "" : " ") + word;
    const std::string query = arguments.empty() ? "" : "?ps_args=" + percent_encode(arguments);
    const json answer = context.api.call("GET", container_path(name_, "/top" + query));
    std::vector<std::vector<std::string>> rows{answer.at("Titles")};
    for (const json& process : answer.at("Processes")) rows.push_back(process);
    context.out << text_table(rows);
    return 0;
  }

 private:
  std::string name_;
  std::vector<std::string> arguments_;
};

}  // namespace

Commands top_commands() {
  Commands commands;
  commands.push_back(std::make_unique<TopCommand>());
  return commands;
}

}  // namespace slipway
