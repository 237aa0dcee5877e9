#include <unistd.h>

#include <ostream>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/error_text.hpp"
#include "cid_file.hpp"
#include "container_cli.hpp"
#include "create_flags.hpp"
#include "foreground.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// docker's own exit codes for a container that could not be run.
constexpr int kCannotRun = 125;
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

/// Docker's clients read it from the words of the answer, too: the status is 400 for all three.
int exit_code_of(const std::string& message) {
  const auto says = [&](std::string_view words) {
    return message.find(words) != std::string::npos;
  };
  if (says("executable file not found") || says("no such file or directory")) return kNotFound;
  if (says("permission denied") || says("is a directory")) return kNotExecutable;
  return kCannotRun;
}

/// `--pull`: when to fetch the image, and whether to show how that goes.
struct PullFlags {
  std::string policy = "missing";
  bool quiet = false;

  void add_to(std::vector<Option>& options) {
    options.push_back({"--pull", &policy, "Fetch the image before: always, missing, never"});
    options.push_back({"-q,--quiet", &quiet, "Do not show how the image is fetched"});
  }
  void check() const {
    if (policy == "always" || policy == "missing" || policy == "never" || policy.empty()) return;
    throw std::runtime_error("invalid pull option: '" + policy +
                             "': must be one of \"always\", \"missing\" or \"never\"");
  }
};

/// What differs between the commands that create.
struct CreatePlan {
  bool attached = true;
  std::string cid_path{};
  PullFlags pull{};
};

/// Asks the engine to fetch the image.
void pull(CliContext& context, const std::string& image, const PullFlags& flags) {
  const auto stream = context.api.open("POST", "/images/create?fromImage=" + percent_encode(image));
  const std::string progress = stream->read_all();
  if (!flags.quiet) context.err << progress << std::flush;
}

/// Creates the container, prints the engine's warnings. \returns the id
std::string create(CliContext& context, const CreateFlags& flags, const CreatePlan& plan) {
  plan.pull.check();
  const auto& [attached, cid_path, pull_flags] = plan;
  if (pull_flags.policy == "always") pull(context, flags.image(), pull_flags);
  json body = flags.body(attached);
  if (!cid_path.empty()) body["HostConfig"]["ContainerIDFile"] = cid_path;
  if (const json size = our_terminal_size(); flags.tty() && !size.is_null()) {
    body["HostConfig"]["ConsoleSize"] = size;
  }
  CidFile cid_file(cid_path);
  const json answer = context.api.call("POST", flags.target(), body);
  for (const json& warning :
       answer.value("Warnings", json()).is_array() ? answer["Warnings"] : json::array()) {
    context.err << "WARNING: " << warning.get<std::string>() << std::endl;
  }
  const std::string id = answer.value("Id", "");
  cid_file.write(id);
  return id;
}

class CreateCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "create",
            .aliases = {"container create"},
            .summary = "Create a new container",
            .stop_at_positional = true};
  }
  std::vector<Option> options() override {
    std::vector<Option> options = flags_.options();
    options.push_back({"--cidfile", &cid_file_, "Write the container's id to this file"});
    pull_.add_to(options);
    return options;
  }
  int run(CliContext& context) override {
    const CreatePlan plan{.cid_path = cid_file_, .pull = pull_};
    context.out << create(context, flags_, plan) << '\n';
    return 0;
  }

 private:
  CreateFlags flags_;
  std::string cid_file_;
  PullFlags pull_;
};

class RunCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "run",
            .aliases = {"container run"},
            .summary = "Create and run a new container from an image",
            .stop_at_positional = true};
  }
  std::vector<Option> options() override {
    std::vector<Option> options = flags_.options();
    options.insert(options.begin(),
                   {"-d,--detach", &detach_, "Leave the container alone and print its id"});
    options.push_back({"--cidfile", &cid_file_, "Write the container's id to this file"});
    options.push_back({"--sig-proxy", &sig_proxy_, "Hand signals to the container (default true)"});
    options.push_back({"--detach-keys", &detach_keys_, "Keys that detach: ctrl-p,ctrl-q"});
    pull_.add_to(options);
    return options;
  }

  int run(CliContext& context) override {
    try {
      return detach_ ? run_detached(context) : run_attached(context);
    } catch (const CurlOnly&) {
      throw;
    } catch (const std::exception& error) {
      context.out.flush();
      context.err << error_text(error) << "\nRun 'slipway run --help' for more information\n";
      return exit_code_of(error.what());
    }
  }

 private:
  int run_detached(CliContext& context) {
    const std::string id =
        create(context, flags_, {.attached = false, .cid_path = cid_file_, .pull = pull_});
    context.api.call("POST", container_path(id, "/start"));
    context.out << id << '\n';
    return 0;
  }

  int run_attached(CliContext& context) {
    if (flags_.tty() && flags_.attaches("stdin") && ::isatty(STDIN_FILENO) == 0) {
      throw std::runtime_error("the input device is not a TTY");
    }
    ForegroundPlan plan;
    plan.send_stdin = flags_.attaches("stdin");
    plan.show_stdout = flags_.attaches("stdout");
    plan.show_stderr = flags_.attaches("stderr");
    plan.tty = flags_.tty();
    plan.auto_remove = flags_.auto_remove();
    plan.proxy_signals = sig_proxy_;
    plan.detach_keys = detach_keys_;
    plan.id = create(context, flags_, {.cid_path = cid_file_, .pull = pull_});
    return run_in_foreground(context, plan);
  }

  CreateFlags flags_;
  bool detach_ = false;
  bool sig_proxy_ = true;
  std::string cid_file_;
  PullFlags pull_;
  std::string detach_keys_ = kDefaultDetachKeys;
};

}  // namespace

Commands run_commands() {
  Commands commands;
  commands.push_back(std::make_unique<RunCommand>());
  commands.push_back(std::make_unique<CreateCommand>());
  return commands;
}

}  // namespace slipway
