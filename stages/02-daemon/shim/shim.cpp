#include "shim.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/idle_memory.hpp"
#include "02-daemon/base/signals.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// How long to wait before a record that a full disk refused is tried again.
constexpr int kRecordPauseMs = 1000;
/// After how long without anything to do memory is given back: a short run never pays for that.
constexpr int kRestAfterMs = 1000;

/// Once it is noted that it was let run, it may have run, whatever becomes of us: only such a run has an end (02-I5).
void write_lock(const UniqueFd& lock, const std::string& path, bool let_run) {
  const std::string text = text_of_lock(::getpid(), let_run);
  check(::pwrite(lock.get(), text.data(), text.size(), 0), "pwrite", path);
  if (!let_run) check(::ftruncate(lock.get(), static_cast<off_t>(text.size())), "ftruncate", path);
}

/// The lock says that this shim lives; the kernel drops it with us, so it can never be stale.
UniqueFd take_lock(const std::string& path) {
  UniqueFd lock(check(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open", path));
  struct flock whole {};
  whole.l_type = F_WRLCK;
  check(::fcntl(lock.get(), F_OFD_SETLK, &whole), "fcntl", "F_OFD_SETLK " + path);
  write_lock(lock, path, false);
  return lock;
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

Shim::Shim(TaskFolder folder, LaunchSteps steps, ExecSteps exec_steps)
    : folder_(std::move(folder)),
      settings_(task_settings_from_json(read_task_file(folder_.settings()))),
      lock_(take_lock(folder_.lock())),
      trace_("launch", "shim", settings_.explain),
      door_(loop_, folder_.socket(),
            [this](const HttpRequest& request, ShimReply& reply) { serve(request, reply); }),
      log_(settings_.stdio.log_target()),
      process_(loop_, trace_, plan(), std::move(steps),
               {.output = [this](StdioStream stream,
                                 std::string_view bytes) { write_log(stream, bytes); },
                .ended = [this] { container_ended(); },
                .observed = [this] { record_observations(); }}),
      execs_(loop_, folder_, settings_.id, std::move(exec_steps)) {}

ProcessPlan Shim::plan() const {
  const TaskStdio& stdio = settings_.stdio;
  return {.spec = read_task_file(folder_.spec()),
          .bundle = folder_.path,
          .id = settings_.id,
          .open_stdin = stdio.open_stdin,
          .stdin_once = stdio.stdin_once,
          .spool_folder = stdio.log_path.empty() ? folder_.path : folder_of(stdio.log_path)};
}

void Shim::create() {
  process_.create();
  process_.connect_output();
  door_.open();
}

void Shim::run() {
  while (status_ != Status::exited || unrecorded_ || process_.clients() > 0 || !execs_.empty()) {
    const bool idle = !loop_.run_once(unrecorded_ ? kRecordPauseMs : rested_ ? -1 : kRestAfterMs);
    if (unrecorded_) record_exit();
    process_.drop_gone_clients();
    execs_.clean_up();
    if (idle && !rested_) rest();
    rested_ = idle;
  }
}

/// Most shims sleep for days, and there are as many as containers: what setting one up took is the host's again.
void Shim::rest() {
  if (status_ == Status::running) process_.forget_launch();
  static_cast<void>(trace_.take_steps());
  give_memory_back();
}

void Shim::write_log(StdioStream stream, std::string_view bytes) {
  try {
    log_.write(stream, bytes, rfc3339_now());
  } catch (const SysError&
               error) {  // a full disk must not stop the container; the writer keeps what waits
    log_line(LogLevel::error, "container " + settings_.id + ": " + error.what());
  }
}

void Shim::serve(const HttpRequest& request, ShimReply& reply) {
  if (request.path.starts_with("/execs/")) return execs_.serve(request, reply, process_);
  if (request.method == "POST" && request.path == "/attach") return attach(request, reply);
  HttpResponse response = route(request);
  const std::vector<TraceStep> steps = trace_.take_steps();  // each is told once, or never
  if (request.headers.has(kTraceHeader)) response.headers.set(kStepsHeader, steps_to_text(steps));
  reply.send(std::move(response));
}

HttpResponse Shim::route(const HttpRequest& request) {
  if (request.method == "GET" && request.path == "/state") return describe();
  if (request.method == "POST" && request.path == "/start") return start_container();
  if (request.method == "POST" && request.path == "/withdraw") return withdraw();
  if (request.method == "POST" && request.path == "/kill") return signal_container(request);
  if (request.method == "POST" && request.path == "/resize") return resize(request);
  throw not_found("page not found");
}

HttpResponse Shim::describe() const {
  const std::array<const char*, 3> names{"created", "running", "exited"};
  return json_response(200, {{"Id", settings_.id},
                             {"Pid", pid()},
                             {"Status", names[static_cast<int>(status_)]},
                             {"StartedAt", settings_.started_at},
                             {"ExitCode", process_.exit_code()},
                             {"Attached", process_.clients()},
                             {"ShimPid", ::getpid()}});
}

HttpResponse Shim::start_container() {
  if (let_run_ || withdrawn_ || status_ != Status::created)
    throw conflict("container " + settings_.id + " was started already");
  try {
    set_let_run(true);
    process_.start();
  } catch (const LaunchFailure& failure) {
    set_let_run(false);
    return error_response(failure.command_error() ? 400 : 500, failure.what(), failure.advice());
  }
  return {.status = 204};
}

/// On disk first. If starting it breaks in another way than by its own refusal, it counts as let run.
void Shim::set_let_run(bool let_run) {
  write_lock(lock_, folder_.lock(), let_run);
  let_run_ = let_run;
  status_ = let_run ? Status::running : Status::created;
}

/// The question and the act are one: a request to start it that is on its way comes too late.
HttpResponse Shim::withdraw() {
  if (let_run_) throw conflict("container " + settings_.id + " was let run");
  withdrawn_ = true;
  return {.status = 204};
}

HttpResponse Shim::signal_container(const HttpRequest& request) {
  const long signal = request.query.number("signal").value_or(SIGKILL);
  if (signal < 0 || signal > SIGRTMAX) throw bad_request("invalid signal number");
  const std::string name = signal_name(static_cast<int>(signal));
  const auto call = trace_.begin(
      "02", "signal", "pidfd_send_signal", name + " to pid " + std::to_string(process_.pid()),
      [&] { return "kill -" + std::to_string(signal) + " " + std::to_string(process_.pid()); });
  process_.signal(static_cast<int>(signal));
  asked_signal_ = static_cast<int>(signal);
  return {.status = 204};
}

HttpResponse Shim::resize(const HttpRequest& request) {
  const TerminalSize size = terminal_size(request.query);
  if (!process_.alive()) throw conflict("container " + settings_.id + " is not running");
  process_.resize(size);
  return {.status = 204};
}

void Shim::attach(const HttpRequest& request, ShimReply& reply) {
  AttachOptions options = attach_options(request.query);
  if (settings_.stdio.terminal) options.framed = false;
  process_.attach(reply.upgrade(stream_type(options)), options);
}

void Shim::container_ended() {
  status_ = Status::exited;
  execs_.kill_all();
  if (!let_run_) return process_.finish_clients();
  finish_log();
  unrecorded_ = begun_record(settings_);
  unrecorded_->finished_at = rfc3339_now();
  unrecorded_->exit_code = process_.exit_code();
  unrecorded_->oom_kills = process_.observed().oom_kills;
  unrecorded_->reason = process_.observed().reason;
  unrecorded_->signal = process_.end_signal();
  unrecorded_->asked_signal = asked_signal_;
  door_.lend_descriptor();  // the ledger's file needs one
  record_exit();
}

/// Into the run's entry: as its end, it is news by being there. A full disk loses the news, not what the end will say.
void Shim::record_observations() {
  try {
    auto record = read_exit_record(settings_.ledger, settings_.id);
    if (!record || record->finished() || record->started_at != settings_.started_at) return;
    record->oom_kills = process_.observed().oom_kills;
    record->reason = process_.observed().reason;
    write_exit_record(settings_.ledger, *record, settings_.durability());
  } catch (const std::exception& error) {
    log_line(LogLevel::error, "container " + settings_.id + ": " + error.what());
  }
}

void Shim::finish_log() {
  try {
    log_.finish(rfc3339_now(), settings_.durable);
  } catch (const SysError& error) {
    log_line(LogLevel::error, "container " + settings_.id + ": " + error.what());
  }
}

//@region record
/// Writes first, tells later: the supervisor learns of the end by this very file (02-I2). A full disk is no reason to
/// forget it.
void Shim::record_exit() {
  try {
    write_exit_record(settings_.ledger, *unrecorded_, settings_.durability());
  } catch (const SysError& error) {
    return log_line(LogLevel::error, "container " + settings_.id + ": " + error.what());
  }
  unrecorded_.reset();
  door_.take_descriptor_back();
  process_.finish_clients();
}
//@endregion

}  // namespace slipway
