#include "shim.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/signals.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// How long to wait before a record that a full disk refused is tried again.
constexpr int kRecordPauseMs = 1000;

json read_json_file(const std::string& path) {
  const auto text = read_file(path);
  if (!text) throw SysError(ENOENT, "open", path);
  return parse_json(*text, path);
}

/// The lock says that this shim lives; the kernel drops it with us, so it can never be stale.
UniqueFd take_lock(const std::string& path) {
  UniqueFd lock(check(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open", path));
  struct flock whole {};
  whole.l_type = F_WRLCK;
  check(::fcntl(lock.get(), F_OFD_SETLK, &whole), "fcntl", "F_OFD_SETLK " + path);
  return lock;
}

/// From here on it may have run, whatever becomes of us: only a run that was begun has an end (02-I5).
void note_start(const UniqueFd& lock, const std::string& path) {
  constexpr std::string_view kText = "started\n";
  check(::pwrite(lock.get(), kText.data(), kText.size(), 0), "pwrite", path);
}

/// It could not be executed: there was no run.
void take_note_back(const UniqueFd& lock, const std::string& path) {
  check(::ftruncate(lock.get(), 0), "ftruncate", path);
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

Shim::Shim(TaskFolder folder, LaunchSteps steps, ExecSteps exec_steps)
    : folder_(std::move(folder)),
      settings_(task_settings_from_json(read_json_file(folder_.settings()))),
      spec_(read_json_file(folder_.spec())),
      lock_(take_lock(folder_.lock())),
      trace_("launch", "shim", settings_.explain),
      door_(loop_, folder_.socket(),
            [this](const HttpRequest& request, ShimReply& reply) { serve(request, reply); }),
      log_(settings_.stdio.log_target()),
      process_(loop_, trace_, plan(), std::move(steps),
               {.output = [this](StdioStream stream,
                                 std::string_view bytes) { write_log(stream, bytes); },
                .ended = [this] { container_ended(); }}),
      execs_(loop_, folder_, settings_.id, spec_, std::move(exec_steps)) {}

ProcessPlan Shim::plan() const {
  const TaskStdio& stdio = settings_.stdio;
  return {.spec = spec_,
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
    loop_.run_once(unrecorded_ ? kRecordPauseMs : -1);
    if (unrecorded_) record_exit();
    process_.drop_gone_clients();
    execs_.clean_up();
  }
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
    note_start(lock_, folder_.lock());
    process_.start();
  } catch (const LaunchFailure& failure) {
    take_note_back(lock_, folder_.lock());
    return error_response(failure.command_error() ? 400 : 500, failure.what(), failure.advice());
  }
  let_run_ = true;
  status_ = Status::running;
  return {.status = 204};
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
  unrecorded_->signal = process_.end_signal();
  unrecorded_->asked_signal = asked_signal_;
  door_.lend_descriptor();  // the ledger's file needs one
  record_exit();
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
