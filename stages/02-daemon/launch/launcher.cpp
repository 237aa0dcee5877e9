#include "launcher.hpp"

#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/pidfd.hpp"
#include "clone_process.hpp"
#include "launch_advice.hpp"

namespace slipway {
namespace {

/// Records a step that failed; the calls of one that did not are its story.
void record_failure(LaunchContext& context, std::string_view phase, const std::string& why) {
  context.trace.add(TraceStep{.box = {},
                              .stage = std::string(context.stage),
                              .name = std::string(context.step),
                              .call = "step failed",
                              .arguments = "(" + std::string(phase) + ")",
                              .result = why,
                              .start_us = monotonic_us()});
}

/// Runs one phase of one step. The exception that leaves it names the step.
template <class Phase>
void run_phase(LaunchContext& context, LaunchStep& step, std::string_view phase, Phase&& run) {
  context.stage = step.stage();
  context.step = step.name();
  try {
    run();
  } catch (const CommandError& error) {
    record_failure(context, phase, error.what());
    throw LaunchFailure(error.what(), true, launch_advice(step, phase, error));
  } catch (const std::exception& error) {
    record_failure(context, phase, error.what());
    throw LaunchFailure("step '" + std::string(step.name()) + "': " + error.what(), false,
                        launch_advice(step, phase, error));
  }
}

/// execve's own words for what docker's clients look for ("permission denied": exit code 126).
std::string exec_error(const std::string& program, int error) {
  std::string text = "exec: \"" + program + "\": ";
  if (error == EACCES) return text + "permission denied";
  if (error == ENOENT) return text + "no such file or directory";
  if (error == ENOEXEC) return text + "exec format error";
  return text + std::generic_category().message(error);
}

/// A shell makes its children with fork(2), which is a clone without wishes.
std::string clone_by_hand(const LaunchContext& context) {
  if (!context.trace.tells_by_hand()) return {};
  return context.clone_by_hand.empty() ? "sh &" : context.clone_by_hand;
}

/// ["sh", "-c", "…"]
std::string as_array(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "\"" : ", \"") + word + "\"";
  return "[" + text + "]";
}

std::vector<char*> c_strings(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

void take_stdio(LaunchContext& context) {
  for (int number = 0; number < 3; ++number) {
    check(::dup2(context.stdio[number].get(), number), "dup2", "stdio");
  }
}

/// A signal back to its default by the bare system call: glibc keeps 32 and 33 to itself (nptl(7)), but its posix_spawn
/// leaves them ignored in what it starts, and that is inherited.
void reset_signal(int number) {
  struct {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)();
    std::uint64_t mask;
  } const kernel_default{};  // all zero: SIG_DFL; the kernel's struct sigaction, not the C library's
  ::syscall(SYS_rt_sigaction, number, &kernel_default, nullptr, sizeof(std::uint64_t));
}

/// The signals that the shim blocked or ignored, itself or through others, are the container's to handle. All of them:
/// whoever is started by nohup(1) or in a shell's background has SIGHUP, SIGINT or SIGQUIT ignored from birth.
void reset_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < _NSIG; ++number) reset_signal(number);
}

void reap(const UniqueFd& pidfd) noexcept {
  siginfo_t info{};
  ::waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED);
}

/// A container never outlives its shim unnoticed. Again right before execve: changing user ids clears it, prctl(2).
void die_with_parent() { ::prctl(PR_SET_PDEATHSIG, SIGKILL); }

/// The terminal's ends are the shim's from here on.
void send_ready(SyncChannel& channel, LaunchContext& child, const Trace& trace) {
  const ChildReport report{.steps = trace.steps()};
  if (!child.terminal.master) return channel.send_report(report);
  channel.send_report(report, {child.terminal.master.get(), child.terminal.slave.get()});
  child.terminal = {};
}

}  // namespace

void Launcher::prepare() {
  for (const auto& step : steps_) {
    ++prepared_;
    run_phase(context_, *step, "prepare", [&] { step->prepare(context_); });
  }
}

void Launcher::run_parent_steps() {
  for (const auto& step : steps_) {
    run_phase(context_, *step, "parent", [&] { step->parent(context_); });
  }
}

//@region create
void Launcher::create() {
  try {
    begin();
    while (!take_news()) {
    }
  } catch (...) {
    abandon();
    throw;
  }
}

void Launcher::begin() {
  prepare();
  clone_child();
  run_parent_steps();
  channel_->send_word("go");
}

void Launcher::clone_child() {
  auto [ours, childs] = SyncChannel::make();
  channel_.emplace(std::move(ours));
  const std::int64_t before = monotonic_us();
  ClonedProcess process = clone_process(context_.clone_flags, context_.cgroup_fd);
  if (process.pid == 0) {
    channel_.reset();  // its copy of our end would keep it from seeing that we are gone
    run_child(std::move(childs));
  }
  context_.pid = process.pid;
  context_.pidfd = std::move(process.pidfd);
  context_.trace.add(TraceStep{.box = {},
                               .stage = "02",
                               .name = "clone",
                               .call = "clone3",
                               .arguments = "CLONE_PIDFD" + context_.clone_names,
                               .result = "pid " + std::to_string(context_.pid),
                               .by_hand = clone_by_hand(context_),
                               .start_us = before,
                               .duration_us = monotonic_us() - before});
}  // here our copy of the child's end is closed, so that its end is seen as the end
//@endregion

bool Launcher::take_news() {
  std::optional<ChildReport> report = channel_->receive_report();
  if (report && report->moved_to != 0) {
    child_moved(*report);
    return false;
  }
  take_report(report);
  if (report->descriptors.size() == 2) {
    context_.terminal = {std::move(report->descriptors[0]), std::move(report->descriptors[1])};
  }
  return true;
}

/// The process that we knew has ended by itself, or is about to.
void Launcher::child_moved(ChildReport& report) {
  if (report.descriptors.size() != 1) throw LaunchFailure("the child moved without a pidfd", false);
  reap(context_.pidfd);
  context_.pid = report.moved_to;
  context_.pidfd = std::move(report.descriptors[0]);
  channel_->send_word("go");
}

void Launcher::start() {
  let_go();
  take_end();
}

void Launcher::let_go() {
  let_go_at_us_ = monotonic_us();
  channel_->send_word("start");
}

void Launcher::take_end() {
  const std::optional<ChildReport> report = channel_->receive_report();
  channel_.reset();
  note_exec(report ? report->error : "ok");
  if (report) take_report(report);
}

/// The process cannot tell of its last call: it is another program then.
void Launcher::note_exec(const std::string& result) {
  const bool by_hand = context_.trace.tells_by_hand();
  context_.trace.add(TraceStep{.box = "container",
                               .stage = "02",
                               .name = "start",
                               .call = "execve",
                               .arguments = as_array(context_.args),
                               .result = result,
                               .by_hand = by_hand ? "exec " + shell_line(context_.args) : "",
                               .start_us = let_go_at_us_,
                               .duration_us = monotonic_us() - let_go_at_us_});
}

/// A report with an error becomes the exception that it carried.
void Launcher::take_report(const std::optional<ChildReport>& report) {
  if (!report) throw LaunchFailure("the container's process ended before it was ready", false);
  context_.trace.add(report->steps);
  if (report->error.empty()) return;
  throw LaunchFailure(report->error, report->command_error, report->advice);
}

void Launcher::kill_child() noexcept {
  if (!context_.pidfd) return;
  send_signal(context_.pidfd, SIGKILL);
  reap(context_.pidfd);
  context_.pidfd.reset();
}

void Launcher::abandon() noexcept {
  kill_child();
  undo();
}

void Launcher::undo() noexcept {
  while (prepared_ > 0) {
    LaunchStep& step = *steps_[--prepared_];
    context_.stage = step.stage();
    context_.step = step.name();
    step.undo(context_);
  }
}

/// Everything that the child does before execve. Its world at the start: the new namespaces that the steps asked for, but
/// still the host's root and mounts (its own copy of the table), root's ids, and all of the shim's descriptors
/// (close-on-exec).
void Launcher::run_child_steps(LaunchContext& child, SyncChannel& channel) {
  die_with_parent();
  channel.expect_word("go");
  take_stdio(child);
  reset_signals();
  for (const auto& step : steps_) {
    run_phase(child, *step, "child", [&] { step->child(child); });
  }
  die_with_parent();
  check(::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
}

/// Only children enter a pid namespace: setns(2) chose it, here one is born in it. Until then this process is not to be
/// seen from there, and so the descriptors that it had from the shim never are (CVE-2016-9962, CVE-2024-21626).
void Launcher::go_on_as_new_process(SyncChannel& channel) {
  const auto line = static_cast<unsigned>(channel.fd());
  if (line > 3) check(::close_range(3, line - 1, 0), "close_range");
  check(::close_range(line + 1, ~0U, 0), "close_range");
  const ClonedProcess next = clone_process(CLONE_PARENT, -1);
  if (next.pid > 0) {
    channel.send_report({.moved_to = next.pid}, {next.pidfd.get()});
    ::_exit(0);
  }
  die_with_parent();
  channel.expect_word("go");  // "ready" must not overtake "moved"
}

void Launcher::run_child(SyncChannel channel) {
  ChildReport report;
  Trace trace("launch", "container", context_.trace.tells_by_hand());
  LaunchContext child{.spec = context_.spec,
                      .bundle = context_.bundle,
                      .id = context_.id,
                      .trace = trace,
                      .stdio = std::move(context_.stdio),
                      .args = context_.args,
                      .env = context_.env,
                      .container_pidfd = context_.container_pidfd,
                      .container_pid = context_.container_pid,
                      .go_on_as_new_process = [&channel] { go_on_as_new_process(channel); }};
  try {
    run_child_steps(child, channel);
    send_ready(channel, child, trace);
    channel.expect_word("start");
    ::execve(child.program.c_str(), c_strings(child.args).data(), c_strings(child.env).data());
    const int why = errno;
    report = {.error = exec_error(child.program, why),
              .advice = exec_advice(child.program, why),
              .command_error = true};
  } catch (const LaunchFailure& failure) {
    report = {.error = failure.what(),
              .advice = failure.advice(),
              .command_error = failure.command_error(),
              .steps = trace.steps()};
  } catch (const std::exception& error) {
    report.error = error.what();
  }
  try {
    channel.send_report(report);
  } catch (const std::exception&) {  // the shim is gone: nobody to tell
  }
  ::_exit(127);
}

}  // namespace slipway
