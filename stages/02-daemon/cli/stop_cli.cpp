#include <nlohmann/json.hpp>
#include <ostream>

#include "01-cli-socket/api_error.hpp"
#include "container_cli.hpp"
#include "foreground.hpp"

namespace slipway {
namespace {

/// "?a=1&b=2" of what is there.
std::string query_of(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string query;
  for (const auto& [name, value] : parameters) {
    if (!value.empty()) query += (query.empty() ? "?" : "&") + name + "=" + percent_encode(value);
  }
  return query;
}

class KillCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "kill",
            .aliases = {"container kill"},
            .summary = "Send a signal to one or more running containers"};
  }
  std::vector<Option> options() override {
    return {{"-s,--signal", &signal_, "Signal to send (default KILL)"},
            {"container", &names_, "", true}};
  }
  int run(CliContext& context) override {
    return for_each_name(context, names_, [&](const std::string& name) {
      context.api.call("POST", container_path(name, "/kill" + query_of({{"signal", signal_}})));
      context.out << name << std::endl;
    });
  }

 private:
  std::string signal_ = "KILL";
  std::vector<std::string> names_;
};

/// stop and restart: the same flags, another path.
class StopLikeCommand : public Command {
 public:
  explicit StopLikeCommand(std::string name) : name_(std::move(name)) {}
  std::vector<Option> options() override {
    return {{"-s,--signal", &signal_, "Signal to send first"},
            {"-t,--timeout,--time", &seconds_, "Seconds to wait before killing; -1: for ever"},
            {"container", &names_, "", true}};
  }
  int run(CliContext& context) override {
    const std::string seconds = seconds_ ? std::to_string(*seconds_) : "";
    const std::string query = query_of({{"signal", signal_}, {"t", seconds}});
    return for_each_name(context, names_, [&](const std::string& name) {
      context.api.call("POST", container_path(name, "/" + name_ + query));
      context.out << name << std::endl;
    });
  }

 private:
  std::string name_;
  std::string signal_;
  std::optional<long> seconds_;
  std::vector<std::string> names_;
};

class StopCommand final : public StopLikeCommand {
 public:
  StopCommand() : StopLikeCommand("stop") {}
  CommandInfo info() const override {
    return {.name = "stop",
            .aliases = {"container stop"},
            .summary = "Stop one or more running containers"};
  }
};

class RestartCommand final : public StopLikeCommand {
 public:
  RestartCommand() : StopLikeCommand("restart") {}
  CommandInfo info() const override {
    return {.name = "restart",
            .aliases = {"container restart"},
            .summary = "Stop and start one or more containers"};
  }
};

class RenameCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "rename", .aliases = {"container rename"}, .summary = "Rename a container"};
  }
  std::vector<Option> options() override {
    return {{"container", &name_, "", true}, {"new_name", &new_name_, "", true}};
  }
  int run(CliContext& context) override {
    context.api.call("POST", container_path(name_, "/rename" + query_of({{"name", new_name_}})));
    return 0;
  }

 private:
  std::string name_;
  std::string new_name_;
};

class RemoveCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "rm",
            .aliases = {"container rm", "container remove"},
            .summary = "Remove one or more containers"};
  }
  std::vector<Option> options() override {
    return {{"-f,--force", &force_, "Kill a running container first"},
            {"-v,--volumes", &volumes_, "Remove its anonymous volumes, too"},
            {"container", &names_, "", true}};
  }
  int run(CliContext& context) override {
    return for_each_name(context, names_, [&](const std::string& name) { remove(context, name); });
  }

 private:
  void remove(CliContext& context, const std::string& name) {
    const std::string query = query_of({{"v", volumes_ ? "1" : ""}, {"force", force_ ? "1" : ""}});
    try {
      context.api.call("DELETE", container_path(name, query));
      context.out << name << std::endl;
    } catch (const ApiError& error) {
      if (!force_ || error.status() != 404) throw;
      context.err << "slipway: " << error.what() << '\n';  // it is gone: what was wanted
    }
  }

  bool force_ = false;
  bool volumes_ = false;
  std::vector<std::string> names_;
};

}  // namespace

Commands stop_commands() {
  Commands commands;
  commands.push_back(std::make_unique<KillCommand>());
  commands.push_back(std::make_unique<StopCommand>());
  commands.push_back(std::make_unique<RestartCommand>());
  commands.push_back(std::make_unique<RenameCommand>());
  commands.push_back(std::make_unique<RemoveCommand>());
  return commands;
}

}  // namespace slipway
