#include "stdio_session.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <stdexcept>

#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/detach_filter.hpp"
#include "02-daemon/base/stdio_mux.hpp"

namespace slipway {
namespace {

constexpr std::size_t kBufferSize = 64UL * 1024;

/// The state of one session.
class Session {
 public:
  Session(RawStream stream, SignalInbox& inbox, const SessionOptions& options)
      : stream_(std::move(stream)),
        inbox_(inbox),
        options_(options),
        filter_(options.tty ? options.detach_keys : ""),
        demuxer_([](StdioStream from, std::string_view bytes) {
          write_fully(from == StdioStream::out ? STDOUT_FILENO : STDERR_FILENO, bytes);
        }) {}

  SessionEnd run() {
    print(stream_.take_early());
    stdin_open_ = options_.send_stdin;
    if (!stdin_open_) stream_.shutdown_write();
    while (true) {
      std::array<pollfd, 3> fds = interests();
      if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) throw SysError(errno, "poll");
      if (fds[2].revents != 0) take_signals();
      if (fds[1].revents != 0 && !read_stdin()) return SessionEnd::detached;
      if ((fds[0].revents & POLLOUT) != 0) send_pending();
      if ((fds[0].revents & ~POLLOUT) != 0 && !read_stream()) return SessionEnd::stream_closed;
    }
  }

 private:
  std::array<pollfd, 3> interests() const {
    const short stream_events = static_cast<short>(POLLIN | (pending_.empty() ? 0 : POLLOUT));
    return {{{.fd = stream_.fd(), .events = stream_events, .revents = 0},
             {.fd = stdin_open_ && pending_.empty() ? STDIN_FILENO : -1,
              .events = POLLIN,
              .revents = 0},
             {.fd = inbox_.fd(), .events = POLLIN, .revents = 0}}};
  }

  void take_signals() {
    while (const int signal = inbox_.take()) {
      if (options_.on_signal) options_.on_signal(signal);
    }
  }

  void print(std::string_view bytes) {
    if (options_.tty) {
      write_fully(STDOUT_FILENO, bytes);
    } else {
      demuxer_.feed(bytes);
    }
  }

  /// False at the end of the stream.
  bool read_stream() {
    const std::size_t count = stream_.read_some(buffer_);
    print({buffer_.data(), count});
    return count > 0;
  }

  /// False when the detach keys were typed.
  bool read_stdin() {
    const ssize_t count = ::read(STDIN_FILENO, buffer_.data(), buffer_.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    if (count <= 0) {
      end_stdin();
      return true;
    }
    pending_ = filter_.pass({buffer_.data(), static_cast<std::size_t>(count)});
    if (!pending_.empty()) send_pending();
    return !filter_.detached();
  }

  /// Sends without waiting; the rest when poll(2) says that there is room.
  void send_pending() {
    const ssize_t sent =
        ::send(stream_.fd(), pending_.data(), pending_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      pending_.erase(0, static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      pending_.clear();  // the process reads no more (EPIPE); its output may go on
      stdin_open_ = false;
    }
  }

  void end_stdin() {
    stdin_open_ = false;
    stream_.shutdown_write();
  }

  RawStream stream_;
  SignalInbox& inbox_;
  const SessionOptions& options_;
  DetachFilter filter_;
  StdioDemuxer demuxer_;
  bool stdin_open_ = false;
  std::string pending_;  ///< of our stdin: read, not yet sent
  std::array<char, kBufferSize> buffer_;
};

}  // namespace

SignalInbox::SignalInbox(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) ::sigaddset(&set, signal);
  check(::sigprocmask(SIG_BLOCK, &set, &before_), "sigprocmask");
  fd_.reset(check(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd"));
}

SignalInbox::~SignalInbox() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

int SignalInbox::take() {
  signalfd_siginfo info{};
  const ssize_t count = ::read(fd_.get(), &info, sizeof info);
  return count == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
}

RawTerminal::RawTerminal(int fd) : fd_(fd) {
  termios now{};
  if (::tcgetattr(fd, &now) < 0) return;
  before_ = now;
  ::cfmakeraw(&now);
  check(::tcsetattr(fd, TCSADRAIN, &now), "tcsetattr");
}

RawTerminal::~RawTerminal() {
  if (before_) ::tcsetattr(fd_, TCSADRAIN, &*before_);
}

SessionEnd run_session(RawStream stream, SignalInbox& inbox, const SessionOptions& options) {
  // On the heap: the session holds its buffer.
  return std::make_unique<Session>(std::move(stream), inbox, options)->run();
}

void write_fully(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd waiting{.fd = fd, .events = POLLOUT, .revents = 0};
      ::poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      throw SysError(errno, "write", "descriptor " + std::to_string(fd));
    }
  }
}

}  // namespace slipway
