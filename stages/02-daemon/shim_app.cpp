#include "shim_app.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>

#include "01-cli-socket/log_line.hpp"
#include "02-daemon/base/open_files.hpp"
#include "02-daemon/shim/shim.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// False if the supervisor that asked for us is gone.
bool report(const json& message) {
  const UniqueFd pipe(kReportFd);
  const std::string text = message.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  return ::write(pipe.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// \returns the shim, its container created; nothing if that failed, which has been reported, or if nobody heard of
/// it: then nobody will start it
std::unique_ptr<Shim> create(const std::string& folder, LaunchSteps steps, ExecSteps exec_steps) {
  std::unique_ptr<Shim> shim;
  try {
    shim = std::make_unique<Shim>(TaskFolder{folder}, std::move(steps), std::move(exec_steps));
    shim->create();
  } catch (const std::exception& error) {
    const auto* failure = dynamic_cast<const LaunchFailure*>(&error);
    report({{"Error", error.what()},
            {"CommandError", failure != nullptr && failure->command_error()},
            {"Advice", failure != nullptr ? failure->advice() : std::string()},
            {"Steps", steps_to_text(shim ? shim->take_steps() : std::vector<TraceStep>())}});
    return nullptr;
  }
  if (report({{"Pid", shim->pid()}, {"Steps", steps_to_text(shim->take_steps())}})) return shim;
  log_line(LogLevel::warning, "the supervisor is gone before the container was started: ending");
  return nullptr;
}

}  // namespace

int run_shim(int argc, char** argv, LaunchSteps steps, ExecSteps exec_steps) {
  if (argc != 2) {
    std::fputs("usage: slipway-shim TASK_FOLDER\n", stderr);
    return 2;
  }
  ::prctl(PR_SET_NAME, "slipway-shim");
  ::signal(SIGPIPE, SIG_IGN);
  restore_open_files_limit();  // the container's process inherits ours
  const std::unique_ptr<Shim> shim = create(argv[1], std::move(steps), std::move(exec_steps));
  if (!shim) return 1;
  try {
    shim->run();
  } catch (const std::exception& error) {
    log_line(LogLevel::error, std::string("shim: ") + error.what());
    return 1;
  }
  return 0;
}

}  // namespace slipway
