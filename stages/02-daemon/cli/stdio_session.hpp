#pragma once
/// \file
/// The person's side of an attached container: terminal or pipes here, a raw stream there, and signals in between.

#include <sys/types.h>
#include <termios.h>

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>

#include "01-cli-socket/raw_stream.hpp"
#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// Signals as a descriptor (signalfd(2)) instead of interruptions. Blocks them while it lives; single-threaded programs
/// only. What arrived while nobody read is delivered at the next read.
class SignalInbox {
 public:
  SignalInbox(std::initializer_list<int> signals);
  ~SignalInbox();
  SignalInbox(const SignalInbox&) = delete;
  SignalInbox& operator=(const SignalInbox&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// The next signal's number; 0 if there is none now.
  int take();

 private:
  sigset_t before_;
  UniqueFd fd_;
};

/// The terminal in raw mode (termios(3)): every key goes to the container, ctrl-c too. Restored at the end.
class RawTerminal {
 public:
  /// \param fd  the terminal; not owned. A descriptor that is no terminal is left alone.
  explicit RawTerminal(int fd);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  int fd_;
  std::optional<termios> before_;
};

/// What a session does with its ends.
struct SessionOptions {
  bool send_stdin =
      false;  ///< copy our stdin to the stream; else the stream's other half is closed at once
  bool tty = false;  ///< the stream is a terminal's: no frames
  /// Keys that end the session but not the container (tty only): "\x10\x11" for ctrl-p ctrl-q. Empty: none.
  std::string detach_keys;
  /// Called with each signal's number; also with SIGWINCH if the inbox has it.
  std::function<void(int signal)> on_signal;
};

/// Why a session ended.
enum class SessionEnd {
  stream_closed,  ///< the other side closed: the process has ended, and all of its output is here
  detached        ///< the person typed the detach keys
};

/// Copies until the stream's other side closes: its output to stdout and stderr, our stdin to it. End of stdin closes
/// only our half. One thread, poll(2): neither side can make the other wait, and a stdin that never ends does not keep
/// the session alive.
/// \param inbox  signals to hand to `on_signal`
/// \throws SysError if stdout or stderr cannot be written; std::runtime_error if the stream is not in frames
SessionEnd run_session(RawStream stream, SignalInbox& inbox, const SessionOptions& options);

/// Writes all, also to a descriptor that somebody made non-blocking. \throws SysError
void write_fully(int fd, std::string_view bytes);

}  // namespace slipway
