#pragma once
/// \file
/// Docker's choreography for a container whose streams and exit code are ours: what `run`, `start -a` and `attach` share.
///
///     connection 1   POST /containers/ID/attach     101, then frames         the streams, before there is output to miss
///     connection 2   POST /containers/ID/wait       200, then nothing yet    the exit code, before there is one to miss
///     connection 3   POST /containers/ID/start      204
///                    … output on 1 until the process ends; {"StatusCode":0} on 2 …

#include <nlohmann/json.hpp>
#include <string>

#include "01-cli-socket/command.hpp"
#include "02-daemon/base/detach_filter.hpp"
#include "stdio_session.hpp"

namespace slipway {

/// What to attach, and how.
struct ForegroundPlan {
  std::string id;
  bool send_stdin = false;
  bool show_stdout = true;
  bool show_stderr = true;
  bool tty = false;
  bool auto_remove = false;  ///< the engine removes the container at its end: wait for that, too
  bool start = true;         ///< false: it runs already
  bool proxy_signals =
      true;  ///< hand our signals to the container (never with a tty: its keys do that)
  std::string detach_keys;  ///< as typed: "ctrl-p,ctrl-q"
};

/// Attaches, waits, starts, copies. \returns the container's exit code; 0 if the person detached from a container that this
/// command started
/// \throws ApiError as the engine answered (a failed start among them), SysError; std::runtime_error "read escape
/// sequence" if the person detached from one that ran before
int run_in_foreground(CliContext& context, const ForegroundPlan& plan);

/// One stream, and the terminal at our end of it.
struct SessionPlan {
  std::string path;    ///< "/containers/ID", "/exec/ID": what is resized
  std::string target;  ///< what is asked for the stream
  nlohmann::json body;
  bool send_stdin = false;
  bool tty = false;
  std::string detach_keys;  ///< as typed
};

/// Opens the stream and copies until it ends or the person detaches. Our terminal is raw meanwhile, and restored whatever
/// happens. \throws as run_in_foreground
SessionEnd run_attached_session(CliContext& context, const SessionPlan& plan);

/// [height, width] of our terminal; null if there is none.
nlohmann::json our_terminal_size();

/// "/containers/REFERENCE" + rest; the reference is encoded, a leading '/' (as inspect prints names) dropped.
std::string container_path(const std::string& reference, const std::string& rest = "");

}  // namespace slipway
