#include "shim.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "01-cli-socket/unix_socket.hpp"

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
  check(::flock(lock.get(), LOCK_EX | LOCK_NB), "flock", path);
  return lock;
}

UniqueFd spare_descriptor() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

Shim::Shim(TaskFolder folder, LaunchSteps steps)
    : folder_(std::move(folder)),
      settings_(task_settings_from_json(read_json_file(folder_.settings()))),
      spec_(read_json_file(folder_.spec())),
      lock_(take_lock(folder_.lock())),
      listener_(listen_unix(folder_.socket(), 0600)),
      trace_("launch", "shim"),
      steps_(std::move(steps)),
      pipes_(make_stdio_pipes(settings_.stdio.open_stdin)),
      log_(settings_.stdio.log_target()),
      context_{.spec = spec_,
               .bundle = folder_.path,
               .id = settings_.id,
               .trace = trace_,
               .args = spec_.at("process").at("args").get<std::vector<std::string>>(),
               .env = spec_.at("process").value("env", std::vector<std::string>())},
      launcher_(context_, steps_),
      feeder_(loop_, std::move(pipes_.stdin_writer),
              [this] {
                for (const auto& client : clients_) client->resume();
              }),
      spare_(spare_descriptor()) {
  context_.stdio = std::move(pipes_.child);
}

void Shim::create() {
  launcher_.create();
  context_.stdio = {};  // only the container holds its ends now
  watch_output(pipes_.stdout_reader, StdioStream::out);
  watch_output(pipes_.stderr_reader, StdioStream::err);
  loop_.watch(context_.pidfd.get(), EPOLLIN, [this](std::uint32_t) { container_ended(); });
  loop_.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept_connection(); });
}

void Shim::run() {
  while (status_ != Status::exited || unrecorded_ || !clients_.empty()) {
    loop_.run_once(unrecorded_ ? kRecordPauseMs : -1);
    if (unrecorded_) record_exit();
    drop_gone_clients();
  }
}

void Shim::watch_output(UniqueFd& pipe, StdioStream stream) {
  loop_.watch(pipe.get(), EPOLLIN, [this, &pipe, stream](std::uint32_t) {
    if (pump(pipe, stream)) return;
    loop_.forget(pipe.get());
    pipe.reset();
  });
}

/// Moves what is in the pipe now to the log and the clients, in parts. False at the end of the stream.
bool Shim::pump(UniqueFd& pipe, StdioStream stream) {
  std::array<char, 65536> buffer;
  const ssize_t count =
      retry_on_signal([&] { return ::read(pipe.get(), buffer.data(), buffer.size()); });
  if (count < 0 && errno == EAGAIN) return true;
  if (count <= 0) return false;
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
  write_log(stream, bytes);
  for (const auto& client : clients_) client->output(stream, bytes);
  return true;
}

void Shim::write_log(StdioStream stream, std::string_view bytes) {
  try {
    log_.write(stream, bytes, rfc3339_now());
  } catch (const SysError&
               error) {  // a full disk must not stop the container; the writer keeps what waits
    log_line(LogLevel::error, "container " + settings_.id + ": " + error.what());
  }
}

void Shim::drop_gone_clients() {
  std::erase_if(clients_, [](const auto& client) { return client->gone(); });
}

void Shim::accept_connection() {
  UniqueFd fd;
  try {
    fd = accept_unix(listener_.get());
  } catch (const SysError&) {
    return turn_away();
  }
  const int number = fd.get();
  connections_.emplace(number, Connection{std::move(fd), HttpRequestParser()});
  loop_.watch(number, EPOLLIN, [this, number](std::uint32_t) { read_request(number); });
}

/// Out of descriptors: the next in the queue is taken off it and sees its connection closed. A crowd at the door must
/// not be the end of the container.
void Shim::turn_away() {
  if (!std::exchange(spare_, UniqueFd())) return;
  const UniqueFd away(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  spare_ = spare_descriptor();
}

void Shim::read_request(int fd) {
  std::array<char, 16384> buffer;
  const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const auto found = connections_.find(fd);
  std::optional<HttpRequest> request;
  std::string refusal;
  try {
    if (count > 0) {
      request = found->second.parser.feed({buffer.data(), static_cast<std::size_t>(count)});
    }
  } catch (const ApiError& error) {
    refusal = serialize(error_response(error.status(), error.what()));
  }
  if (count > 0 && !request && refusal.empty()) return;  // not whole yet
  loop_.forget(fd);
  Connection connection = std::move(found->second);
  connections_.erase(found);
  if (request) return answer(std::move(connection), *request);
  ::send(fd, refusal.data(), refusal.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Shim::answer(Connection connection, const HttpRequest& request) {
  const int fd = connection.fd.get();
  HttpResponse response;
  try {
    if (request.method == "POST" && request.path == "/attach") {
      return attach(std::move(connection), request);
    }
    response = route(request);
  } catch (const ApiError& error) {
    response = error_response(error.status(), error.what());
  } catch (const std::exception& error) {  // a request must not be the end of the container
    response = error_response(500, error.what());
  }
  response.headers.set("Connection", "close");
  if (request.headers.has(kTraceHeader)) {
    response.headers.set(kStepsHeader, steps_to_text(trace_.take_steps()));
  }
  const std::string bytes = serialize(response);
  ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

HttpResponse Shim::route(const HttpRequest& request) {
  if (request.method == "GET" && request.path == "/state") {
    const std::array<const char*, 3> names{"created", "running", "exited"};
    return json_response(200, {{"Id", settings_.id},
                               {"Pid", pid()},
                               {"Status", names[static_cast<int>(status_)]},
                               {"StartedAt", settings_.started_at},
                               {"ExitCode", exit_code_},
                               {"Attached", clients_.size()},
                               {"ShimPid", ::getpid()}});
  }
  if (request.method == "POST" && request.path == "/start") return start_container(request);
  if (request.method == "POST" && request.path == "/kill") return signal_container(request);
  throw not_found("page not found");
}

HttpResponse Shim::start_container(const HttpRequest&) {
  if (status_ != Status::created)
    throw conflict("container " + settings_.id + " was started already");
  try {
    const auto call = trace_.begin("02", "start", "execve", json(context_.args).dump());
    launcher_.start();
  } catch (const LaunchFailure& failure) {
    return error_response(failure.command_error() ? 400 : 500, failure.what());
  }
  status_ = Status::running;
  return {.status = 204};
}

HttpResponse Shim::signal_container(const HttpRequest& request) {
  const long signal = request.query.number("signal").value_or(SIGKILL);
  if (signal < 0 || signal > SIGRTMAX) throw bad_request("invalid signal number");
  if (status_ == Status::exited) throw conflict("container " + settings_.id + " is not running");
  const long sent = ::syscall(SYS_pidfd_send_signal, context_.pidfd.get(), signal, nullptr, 0);
  if (sent < 0 && errno == ESRCH) {  // it has ended, we are about to hear of it
    throw conflict("container " + settings_.id + " is not running");
  }
  check(sent, "pidfd_send_signal", settings_.id);
  return {.status = 204};
}

void Shim::attach(Connection connection, const HttpRequest& request) {
  const HttpHeaders headers{{"Content-Type", "application/vnd.docker.multiplexed-stream"},
                            {"Connection", "Upgrade"},
                            {"Upgrade", "tcp"}};
  const std::string head = serialize({.status = 101, .headers = headers});
  ::send(connection.fd.get(), head.data(), head.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  RawStream stream(std::move(connection.fd), connection.parser.take_rest());
  const AttachOptions options{.in = request.query.flag("stdin"),
                              .out = request.query.flag("stdout"),
                              .err = request.query.flag("stderr"),
                              .closes_stdin = settings_.stdio.stdin_once};
  const std::string spool =
      settings_.stdio.log_path.empty() ? folder_.path : folder_of(settings_.stdio.log_path);
  clients_.push_back(
      std::make_unique<AttachClient>(loop_, std::move(stream), options, feeder_, spool));
  if (status_ == Status::exited && !unrecorded_) clients_.back()->finish();
}

/// What is still in the pipes was written before the end: the process has gone, and with its pid namespace all others.
void Shim::drain_output() {
  const auto drain = [this](UniqueFd& pipe, StdioStream stream) {
    pollfd waiting{.fd = pipe.get(), .events = POLLIN, .revents = 0};
    // As often as the largest pipe (1 MiB, pipe(7)) needs: without a pid namespace another process may go on writing.
    for (int parts = 0; parts < 32 && pipe && ::poll(&waiting, 1, 0) > 0; ++parts) {
      if (!pump(pipe, stream)) break;
    }
    loop_.forget(pipe.get());
    pipe.reset();
  };
  drain(pipes_.stdout_reader, StdioStream::out);
  drain(pipes_.stderr_reader, StdioStream::err);
}

void Shim::container_ended() {
  loop_.forget(context_.pidfd.get());
  siginfo_t info{};
  check(::waitid(P_PIDFD, static_cast<id_t>(context_.pidfd.get()), &info, WEXITED), "waitid",
        settings_.id);
  exit_code_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  const bool ran = status_ == Status::running;
  status_ = Status::exited;
  drain_output();
  launcher_.undo();
  if (!ran) return finish_clients();
  finish_log();
  unrecorded_ = begun_record(settings_);
  unrecorded_->finished_at = rfc3339_now();
  unrecorded_->exit_code = exit_code_;
  spare_.reset();  // the ledger's file needs a descriptor
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
  spare_ = spare_descriptor();
  finish_clients();
}
//@endregion

void Shim::finish_clients() {
  for (const auto& client : clients_) client->finish();
}

}  // namespace slipway
