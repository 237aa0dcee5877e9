// exec: another command in a container that runs.

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <ostream>

#include "01-cli-socket/api_error.hpp"
#include "container_cli.hpp"
#include "create_fields.hpp"
#include "env_file.hpp"
#include "foreground.hpp"

namespace slipway {

using nlohmann::json;

namespace {

class ExecCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "exec",
            .aliases = {"container exec"},
            .summary = "Run a command in a container that runs",
            .stop_at_positional = true};
  }
  std::vector<Option> options() override {
    return {{"-d,--detach", &detach_, "Leave the command alone"},
            {"--detach-keys", &detach_keys_, "Keys that detach: ctrl-p,ctrl-q"},
            {"-e,--env", &env_, "Set an environment variable: NAME=VALUE"},
            {"--env-file", &env_files_, "Read environment variables from a file"},
            {"-i,--interactive", &interactive_, "Keep stdin open"},
            {"--privileged", &privileged_, "Give the command all privileges"},
            {"-t,--tty", &tty_, "Give the command a terminal"},
            {"-u,--user", &user_, "User and group: NAME|UID[:GROUP|GID]"},
            {"-w,--workdir", &folder_, "Working directory inside the container"},
            {"container", &container_, "", true},
            {"command", &command_, "", true}};
  }

  int run(CliContext& context) override {
    if (tty_ && interactive_ && !detach_ && ::isatty(STDIN_FILENO) == 0) {
      throw std::runtime_error("the input device is not a TTY");
    }
    parse_detach_keys(detach_keys_);
    const json created = context.api.call("POST", container_path(container_, "/exec"), body());
    const std::string path = "/exec/" + created.value("Id", "");
    if (detach_) {
      context.api.call("POST", path + "/start", {{"Detach", true}, {"Tty", tty_}});
      return 0;
    }
    return run_attached(context, path);
  }

 private:
  json body() const {
    json body{{"Cmd", command_}, {"Tty", tty_}};
    if (!detach_) {
      body["AttachStdin"] = interactive_;
      body["AttachStdout"] = body["AttachStderr"] = true;
    }
    if (privileged_) body["Privileged"] = true;
    if (!user_.empty()) body["User"] = user_;
    if (!folder_.empty()) body["WorkingDir"] = folder_;
    if (detach_keys_ != kDefaultDetachKeys) body["DetachKeys"] = detach_keys_;
    const std::vector<std::string> env = environment_of(env_files_, env_);
    if (!env.empty()) body["Env"] = env;
    return body;
  }

  int run_attached(CliContext& context, const std::string& path) {
    SessionPlan plan{.path = path,
                     .target = path + "/start",
                     .body = {{"Detach", false}, {"Tty", tty_}},
                     .send_stdin = interactive_,
                     .tty = tty_,
                     .detach_keys = detach_keys_};
    if (const json size = our_terminal_size(); tty_ && !size.is_null()) {
      plan.body["ConsoleSize"] = size;
    }
    if (run_attached_session(context, plan) == SessionEnd::detached) {
      throw std::runtime_error("read escape sequence");
    }
    return context.api.call("GET", path + "/json").value("ExitCode", 0);
  }

  bool detach_ = false;
  bool interactive_ = false;
  bool privileged_ = false;
  bool tty_ = false;
  std::string detach_keys_ = kDefaultDetachKeys;
  std::string user_;
  std::string folder_;
  std::string container_;
  std::vector<std::string> env_;
  std::vector<std::string> env_files_;
  std::vector<std::string> command_;
};

}  // namespace

Commands exec_commands() {
  Commands commands;
  commands.push_back(std::make_unique<ExecCommand>());
  return commands;
}

}  // namespace slipway
