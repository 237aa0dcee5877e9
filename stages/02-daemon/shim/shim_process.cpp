#include "shim_process.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/sys_error.hpp"

namespace slipway {
namespace {

bool wants_terminal(const nlohmann::json& spec) {
  return JsonFields(spec).object("process").boolean("terminal");
}

}  // namespace

ShimProcess::ShimProcess(EventLoop& loop, Trace& trace, ProcessPlan plan, LaunchSteps steps,
                         Hooks hooks)
    : loop_(loop),
      plan_(std::move(plan)),
      hooks_(std::move(hooks)),
      steps_(std::move(steps)),
      pipes_(wants_terminal(plan_.spec) ? no_stdio_pipes() : make_stdio_pipes(plan_.open_stdin)),
      context_{.spec = plan_.spec,
               .bundle = plan_.bundle,
               .id = plan_.id,
               .trace = trace,
               .stdio = std::move(pipes_.child),
               .args = JsonFields(plan_.spec).object("process").texts("args"),
               .env = JsonFields(plan_.spec).object("process").texts("env"),
               .container_pidfd = plan_.container_pidfd,
               .container_pid = plan_.container_pid},
      launcher_(context_, steps_) {
  if (!hooks_.observed) return;
  context_.watch = [this](int fd, std::function<void()> handler) {
    loop_.watch(fd, EPOLLIN, [handler = std::move(handler)](std::uint32_t) { handler(); });
  };
  context_.unwatch = [this](int fd) { loop_.forget(fd); };
  context_.tell = [this] { hooks_.observed(); };
}

ShimProcess::~ShimProcess() {
  for (const UniqueFd* fd : {&context_.pidfd, &pipes_.stdout_reader, &pipes_.stderr_reader}) {
    if (*fd) loop_.forget(fd->get());
  }
  if (launcher_.news_fd() >= 0) loop_.forget(launcher_.news_fd());
}

void ShimProcess::create() {
  launcher_.create();
  take_streams();
}

void ShimProcess::start() { launcher_.start(); }

std::string ShimProcess::command() const { return nlohmann::json(context_.args).dump(); }

void ShimProcess::forget_launch() {
  plan_.spec = nullptr;
  context_.args = {};
  context_.env = {};
}

/// It is set up: only the process holds its ends now, and we wait for its end.
void ShimProcess::take_streams() {
  context_.stdio = {};
  if (context_.terminal.master) take_terminal(pipes_, context_.terminal.master);
  feeder_ = std::make_unique<StdinFeeder>(loop_, std::move(pipes_.stdin_writer), [this] {
    for (const auto& client : clients_) client->resume();
  });
  alive_ = created_ = true;
}

void ShimProcess::connect_output() {
  watch_output(pipes_.stdout_reader, StdioStream::out);
  if (pipes_.stderr_reader) watch_output(pipes_.stderr_reader, StdioStream::err);
  loop_.watch(context_.pidfd.get(), EPOLLIN, [this](std::uint32_t) { end(); });
}

void ShimProcess::launch(std::function<void(const LaunchFailure*)> done) {
  launched_ = std::move(done);
  try {
    launcher_.begin();
  } catch (const LaunchFailure& failure) {
    return launch_failed(failure);
  } catch (const std::exception& error) {
    return launch_failed(LaunchFailure(error.what(), false));
  }
  loop_.watch(launcher_.news_fd(), EPOLLIN, [this](std::uint32_t) { launch_news(); });
}

/// One packet of the conversation that sync_channel.hpp draws.
void ShimProcess::launch_news() {
  const int line = launcher_.news_fd();
  try {
    if (!created_) {
      if (!launcher_.take_news()) return;
      take_streams();
      return launcher_.let_go();
    }
    loop_.forget(line);
    launcher_.take_end();
  } catch (const LaunchFailure& failure) {
    loop_.forget(line);
    return launch_failed(failure);
  } catch (const std::exception& error) {
    loop_.forget(line);
    return launch_failed(LaunchFailure(error.what(), false));
  }
  std::exchange(launched_, {})(nullptr);
}

void ShimProcess::launch_failed(const LaunchFailure& failure) {
  launcher_.abandon();
  alive_ = false;
  std::exchange(launched_, {})(&failure);
}

void ShimProcess::watch_output(UniqueFd& pipe, StdioStream stream) {
  loop_.watch(pipe.get(), EPOLLIN, [this, &pipe, stream](std::uint32_t) {
    if (pump(pipe, stream)) return;
    loop_.forget(pipe.get());
    pipe.reset();
  });
}

/// Moves what is in the pipe now to the log and the clients, in parts. False at the end of the stream.
bool ShimProcess::pump(UniqueFd& pipe, StdioStream stream) {
  std::array<char, 65536> buffer;
  const ssize_t count =
      retry_on_signal([&] { return ::read(pipe.get(), buffer.data(), buffer.size()); });
  if (count < 0 && errno == EAGAIN) return true;
  if (count <= 0) return false;
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
  if (hooks_.output) hooks_.output(stream, bytes);
  for (const auto& client : clients_) client->output(stream, bytes);
  return true;
}

/// What is still in the pipes was written before the end: the process has gone, and with its pid namespace all others.
void ShimProcess::drain_output() {
  const auto drain = [this](UniqueFd& pipe, StdioStream stream) {
    if (!pipe) return;
    pollfd waiting{.fd = pipe.get(), .events = POLLIN, .revents = 0};
    // As often as the largest pipe (1 MiB, pipe(7)) needs: another process that has the pipe may go on writing. A terminal
    // gives 4 KiB at a time, and holds less.
    for (int parts = 0; parts < 32 && ::poll(&waiting, 1, 0) > 0; ++parts) {
      if (!pump(pipe, stream)) break;
    }
    loop_.forget(pipe.get());
    pipe.reset();
  };
  drain(pipes_.stdout_reader, StdioStream::out);
  drain(pipes_.stderr_reader, StdioStream::err);
}

void ShimProcess::signal(int number) {
  const std::string ended = "container " + plan_.id + " is not running";
  if (!alive_) throw conflict(ended);
  const long sent = ::syscall(SYS_pidfd_send_signal, context_.pidfd.get(), number, nullptr, 0);
  if (sent < 0 && errno == ESRCH) throw conflict(ended);  // we are about to hear of it
  check(sent, "pidfd_send_signal", plan_.id);
}

void ShimProcess::resize(TerminalSize size) {
  if (context_.terminal.master) set_terminal_size(context_.terminal.master.get(), size);
}

void ShimProcess::attach(RawStream stream, AttachOptions options) {
  const bool terminal = static_cast<bool>(context_.terminal.master);
  // A terminal has no end of input but the key for it; the keys that detach are for terminals only.
  options.closes_stdin = plan_.stdin_once && !terminal;
  if (!terminal) options.detach_keys.clear();
  clients_.push_back(std::make_unique<AttachedClient>(loop_, std::move(stream), std::move(options),
                                                      *feeder_, plan_.spool_folder));
  if (finished_) clients_.back()->finish();
}

void ShimProcess::drop_gone_clients() {
  std::erase_if(clients_, [](const auto& client) { return client->gone(); });
}

void ShimProcess::finish_clients() {
  finished_ = true;
  for (const auto& client : clients_) client->finish();
}

void ShimProcess::end() {
  loop_.forget(context_.pidfd.get());
  siginfo_t info{};
  check(::waitid(P_PIDFD, static_cast<id_t>(context_.pidfd.get()), &info, WEXITED), "waitid",
        plan_.id);
  end_signal_ = info.si_code == CLD_EXITED ? 0 : info.si_status;
  exit_code_ = end_signal_ == 0 ? info.si_status : 128 + end_signal_;
  alive_ = false;
  launcher_.undo();  // and with it ends whatever the process has left behind
  drain_output();
  hooks_.ended();
}

}  // namespace slipway
