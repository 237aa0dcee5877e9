#pragma once
/// \file
/// The frame of a daemon: flags, roots, locks, signals, sockets. A daemon's main reads
///
///     DaemonOptions options;
///     if (const auto code = parse_daemon_flags(argc, argv, "about", options)) return *code;
///     const DaemonGuard guard(options);   // before the first thread
///     … build the router, open the state …
///     HttpServer server("engine", handler, standard_headers());
///     return serve_until_signal(options, server);

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "http_server.hpp"
#include "unique_fd.hpp"

namespace slipway {

/// dockerd's own flags.
struct DaemonOptions {
  std::vector<std::string> hosts{};  ///< "unix://PATH"; `parse_daemon_flags` leaves at least one
  std::string data_root = "/var/lib/slipway";  ///< survives a reboot
  std::string exec_root = "/run/slipway";      ///< does not
  std::string pidfile{};                       ///< empty: none is written
  bool debug = false;
  mode_t socket_mode = 0660;            ///< of the socket files
  std::string socket_group = "docker";  ///< their group, if it exists; empty: root's
};

/// Reads the flags `-H/--host` (repeatable; default `unix://EXEC_ROOT/slipway.sock`), `--data-root`, `--exec-root`,
/// `-p/--pidfile`, `-D/--debug`, `--help`, `--version`.
/// \returns an exit code if the program should end now, nothing if it should go on
std::optional<int> parse_daemon_flags(int argc, char** argv, const std::string& about,
                                      DaemonOptions& options);

/// What a running daemon holds: both roots (made if they are not there) locked against a second daemon, its pid file,
/// and SIGTERM, SIGINT and SIGPIPE blocked in this thread and all threads made later. Make it before any thread.
/// The lock is flock(2) on the folders: the kernel drops it with the process, so nothing stale can keep the next
/// daemon from starting. Programs that a daemon starts inherit blocked signals: they must get an empty mask.
class DaemonGuard {
 public:
  /// \throws std::runtime_error if another daemon holds a root; SysError
  explicit DaemonGuard(const DaemonOptions& options);
  ~DaemonGuard();
  DaemonGuard(const DaemonGuard&) = delete;
  DaemonGuard& operator=(const DaemonGuard&) = delete;

 private:
  std::vector<UniqueFd> locks_;
  std::string pidfile_;
};

/// Listens on all hosts (with the options' mode and group), says "API listen on PATH" for each, and
/// serves until SIGTERM or SIGINT comes (which `DaemonGuard` has blocked) or somebody calls `server.stop()`.
/// Then stops the server and removes its socket files.
/// \returns 0 \throws SysError, std::runtime_error if a host cannot be listened on
int serve_until_signal(const DaemonOptions& options, HttpServer& server);

}  // namespace slipway
