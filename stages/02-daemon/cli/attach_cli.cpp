#include <nlohmann/json.hpp>
#include <ostream>

#include "01-cli-socket/api_error.hpp"
#include "container_cli.hpp"
#include "foreground.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// How to attach to a container that exists: by what it was created with.
ForegroundPlan plan_for(const json& inspect, bool send_stdin, const std::string& detach_keys) {
  ForegroundPlan plan;
  plan.id = inspect.value("Id", "");
  plan.tty = inspect.value("/Config/Tty"_json_pointer, false);
  plan.auto_remove = inspect.value("/HostConfig/AutoRemove"_json_pointer, false);
  plan.send_stdin = send_stdin && inspect.value("/Config/OpenStdin"_json_pointer, false);
  plan.detach_keys = detach_keys;
  return plan;
}

class StartCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "start",
            .aliases = {"container start"},
            .summary = "Start one or more stopped containers"};
  }
  std::vector<Option> options() override {
    return {{"-a,--attach", &attach_,
             "Attach stdout and stderr, wait, and end with the container's exit code"},
            {"-i,--interactive", &interactive_, "Attach stdin, too"},
            {"--detach-keys", &detach_keys_, "Keys that detach: ctrl-p,ctrl-q"},
            {"container", &names_, "", true}};
  }

  int run(CliContext& context) override {
    if (!attach_ && !interactive_) {
      return for_each_name(context, names_, [&](const std::string& name) {
        context.api.call("POST", container_path(name, "/start"));
        context.out << name << std::endl;
      });
    }
    if (names_.size() != 1)
      throw std::runtime_error("you cannot start and attach multiple containers at once");
    const json inspect = context.api.call("GET", container_path(names_[0], "/json"));
    return run_in_foreground(context, plan_for(inspect, interactive_, detach_keys_));
  }

 private:
  bool attach_ = false;
  bool interactive_ = false;
  std::string detach_keys_ = kDefaultDetachKeys;
  std::vector<std::string> names_;
};

class AttachCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "attach",
            .aliases = {"container attach"},
            .summary = "Attach our stdin, stdout and stderr to a running container"};
  }
  std::vector<Option> options() override {
    return {{"--no-stdin", &no_stdin_, "Do not attach stdin"},
            {"--sig-proxy", &sig_proxy_, "Hand signals to the container (default true)"},
            {"--detach-keys", &detach_keys_, "Keys that detach: ctrl-p,ctrl-q"},
            {"container", &name_, "", true}};
  }

  int run(CliContext& context) override {
    const json inspect = context.api.call("GET", container_path(name_, "/json"));
    if (!inspect.value("/State/Running"_json_pointer, false)) {
      throw std::runtime_error("you cannot attach to a stopped container, start it first");
    }
    if (inspect.value("/State/Paused"_json_pointer, false)) {
      throw std::runtime_error("you cannot attach to a paused container, unpause it first");
    }
    ForegroundPlan plan = plan_for(inspect, !no_stdin_, detach_keys_);
    plan.start = false;
    plan.proxy_signals = sig_proxy_;
    return run_in_foreground(context, plan);
  }

 private:
  bool no_stdin_ = false;
  bool sig_proxy_ = true;
  std::string detach_keys_ = kDefaultDetachKeys;
  std::string name_;
};

class WaitCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "wait",
            .aliases = {"container wait"},
            .summary = "Wait until containers stop, then print their exit codes"};
  }
  std::vector<Option> options() override { return {{"container", &names_, "", true}}; }

  int run(CliContext& context) override {
    return for_each_name(context, names_, [&](const std::string& name) {
      // A stream: the engine sends the head at once and the code when there is one.
      const auto waiting = context.api.open("POST", container_path(name, "/wait"));
      context.out << parse_json(waiting->read_all(), "the answer to wait").value("StatusCode", 0)
                  << std::endl;
    });
  }

 private:
  std::vector<std::string> names_;
};

}  // namespace

Commands attach_commands() {
  Commands commands;
  commands.push_back(std::make_unique<StartCommand>());
  commands.push_back(std::make_unique<AttachCommand>());
  commands.push_back(std::make_unique<WaitCommand>());
  return commands;
}

}  // namespace slipway
