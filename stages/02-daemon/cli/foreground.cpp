#include "foreground.hpp"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <thread>

#include "01-cli-socket/api_error.hpp"
#include "stdio_session.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr int kResizeTries = 10;
constexpr std::chrono::milliseconds kResizePause{10};

std::string attach_target(const ForegroundPlan& plan) {
  std::string target = container_path(plan.id, "/attach?stream=1");
  if (plan.send_stdin) target += "&stdin=1";
  if (plan.show_stdout) target += "&stdout=1";
  if (plan.show_stderr) target += "&stderr=1";
  if (plan.detach_keys != kDefaultDetachKeys) {
    target += "&detachKeys=" + percent_encode(plan.detach_keys);
  }
  return target;
}

std::string wait_target(const ForegroundPlan& plan) {
  const std::string condition = plan.auto_remove ? "removed"
                                : plan.start     ? "next-exit"
                                                 : "not-running";
  return container_path(plan.id, "/wait?condition=" + condition);
}

/// Tells the terminal over there how large ours is. It may be gone already: then nobody needs the size.
/// \returns false if it could not be told
bool send_terminal_size(ApiClient& api, const std::string& path) {
  const json size = our_terminal_size();
  if (size.is_null()) return true;
  const std::string target = path + "/resize?h=" + std::to_string(size[0].get<int>()) +
                             "&w=" + std::to_string(size[1].get<int>());
  return api.request("POST", target).status < 400;
}

/// A process that has just been started may not have its terminal yet.
void send_first_terminal_size(ApiClient& api, const std::string& path) {
  for (int tries = 0; tries < kResizeTries; ++tries) {
    if (send_terminal_size(api, path)) return;
    std::this_thread::sleep_for(kResizePause * (tries + 1));
  }
}

void send_signal(ApiClient& api, const std::string& id, int signal) {
  const char* name = ::sigabbrev_np(signal);
  // The process may have ended in the meantime: the answer does not matter, the stream will tell.
  api.request("POST", container_path(id, "/kill?signal=" + std::string(name ? name : "TERM")));
}

SessionOptions session_options(ApiClient& api, const ForegroundPlan& plan) {
  SessionOptions options{
      .send_stdin = plan.send_stdin, .tty = plan.tty, .detach_keys = "", .on_signal = {}};
  if (plan.tty && plan.send_stdin) options.detach_keys = parse_detach_keys(plan.detach_keys);
  options.on_signal = [&api, plan](int signal) {
    if (signal == SIGWINCH) {
      if (plan.tty) send_terminal_size(api, container_path(plan.id));
    } else {
      send_signal(api, plan.id, signal);
    }
  };
  return options;
}

/// With a tty the keys travel as bytes; without proxying, signals are for us.
std::unique_ptr<SignalInbox> inbox_for(const ForegroundPlan& plan) {
  if (plan.tty || !plan.proxy_signals)
    return std::make_unique<SignalInbox>(std::initializer_list<int>{SIGWINCH});
  return std::make_unique<SignalInbox>(
      std::initializer_list<int>{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH});
}

SessionOptions session_options(ApiClient& api, const SessionPlan& plan) {
  SessionOptions options{
      .send_stdin = plan.send_stdin, .tty = plan.tty, .detach_keys = "", .on_signal = {}};
  if (plan.tty && plan.send_stdin) options.detach_keys = parse_detach_keys(plan.detach_keys);
  options.on_signal = [&api, plan](int) {
    if (plan.tty) send_terminal_size(api, plan.path);
  };
  return options;
}

int exit_code_of(const std::string& wait_answer) {
  const json answer = parse_json(wait_answer, "the answer to wait");
  const json error = answer.value("Error", json());
  if (error.is_object() && !error.value("Message", "").empty()) {
    throw std::runtime_error(error.value("Message", ""));
  }
  return answer.value("StatusCode", 0);
}

/// A failed start of a container that removes itself: it must be gone when the command ends.
void start(ApiClient& api, const ForegroundPlan& plan, HttpStream& waiting) {
  try {
    api.call("POST", container_path(plan.id, "/start"));
  } catch (const ApiError&) {
    if (plan.auto_remove) waiting.read_all();
    throw;
  }
}

}  // namespace

json our_terminal_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0) return nullptr;
  return {size.ws_row, size.ws_col};
}

SessionEnd run_attached_session(CliContext& context, const SessionPlan& plan) {
  const SessionOptions options = session_options(context.api, plan);
  SignalInbox inbox({SIGWINCH});
  RawStream stream = context.api.upgrade("POST", plan.target, plan.body.dump());
  std::optional<RawTerminal> raw;
  if (plan.tty && plan.send_stdin) raw.emplace(STDIN_FILENO);
  return run_session(std::move(stream), inbox, options);
}

std::string container_path(const std::string& reference, const std::string& rest) {
  std::string name = percent_encode(reference.starts_with('/') ? reference.substr(1) : reference);
  for (std::size_t at = name.find('/'); at != std::string::npos; at = name.find('/', at)) {
    name.replace(at, 1, "%2F");
  }
  return "/containers/" + name + rest;
}

//@region run_in_foreground
int run_in_foreground(CliContext& context, const ForegroundPlan& plan) {
  ApiClient& api = context.api;
  const SessionOptions options = session_options(api, plan);
  RawStream stream = api.upgrade("POST", attach_target(plan));
  const auto waiting = api.open("POST", wait_target(plan));
  const auto inbox = inbox_for(plan);
  if (plan.start) start(api, plan, *waiting);

  std::optional<RawTerminal> raw;
  if (plan.tty && plan.send_stdin) raw.emplace(STDIN_FILENO);
  if (plan.tty) send_first_terminal_size(api, container_path(plan.id));
  auto step =
      api.trace().begin("02", "session", "poll", "stdin, stdout, stderr until the process ends");
  const SessionEnd end = run_session(std::move(stream), *inbox, options);
  raw.reset();
  if (end == SessionEnd::detached) {
    if (plan.start) return 0;
    throw std::runtime_error("read escape sequence");
  }
  return exit_code_of(waiting->read_all());
}
//@endregion

}  // namespace slipway
