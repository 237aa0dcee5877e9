#include "daemon_app.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <fstream>
#include <future>
#include <stdexcept>
#include <thread>

#include "cli_app.hpp"
#include "log_line.hpp"
#include "sys_error.hpp"
#include "unix_socket.hpp"

namespace slipway {
namespace {

constexpr int kLockTries = 200;
constexpr auto kLockPause = std::chrono::milliseconds(10);

sigset_t stop_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT}) ::sigaddset(&set, signal);
  return set;
}

/// SIGPIPE too: a client or a log reader that went away is an error code of write(2), not our end.
void block_signals() {
  sigset_t set = stop_signals();
  ::sigaddset(&set, SIGPIPE);
  const int error = ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  if (error != 0) throw SysError(error, "pthread_sigmask");
}

void make_root(const std::string& path, mode_t mode) {
  const std::size_t slash = path.find_last_of('/');
  if (slash != std::string::npos && slash > 0) make_root(path.substr(0, slash), 0755);
  if (::mkdir(path.c_str(), mode) < 0 && errno != EEXIST) throw SysError(errno, "mkdir", path);
}

//@region lock
UniqueFd lock_root(const std::string& path, mode_t mode) {
  make_root(path, mode);
  UniqueFd folder(check(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open", path));
  // A daemon that was killed a moment ago may still be closing its descriptors, in an order that
  // nobody promises.
  for (int tries = 0; tries < kLockTries; ++tries) {
    if (::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) return folder;
    if (errno != EWOULDBLOCK) throw SysError(errno, "flock", path);
    std::this_thread::sleep_for(kLockPause);
  }
  throw std::runtime_error("another daemon uses " + path +
                           ": stop it, or give this one other roots (--data-root, --exec-root)");
}
//@endregion

/// The group's id, or (gid_t)-1. Read by hand: getgrnam(3) would load shared libraries into a
/// static program.
gid_t group_id(std::string_view name) {
  std::ifstream groups("/etc/group");
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with(std::string(name) + ":")) continue;
    const std::size_t id = line.find(':', name.size() + 1);  // name:password:GID:members
    gid_t gid = 0;
    if (id == std::string::npos) continue;
    const auto read = std::from_chars(line.data() + id + 1, line.data() + line.size(), gid);
    if (read.ec == std::errc()) return gid;
  }
  return static_cast<gid_t>(-1);
}

/// A name on the disk that a listening socket has; removed at the end.
class SocketFile {
 public:
  explicit SocketFile(std::string path) : path_(std::move(path)) {}
  SocketFile(SocketFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  SocketFile& operator=(SocketFile&&) = delete;
  ~SocketFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

 private:
  std::string path_;
};

/// Runs the server on a thread of its own, so that this one can wait for a signal.
void serve_on_thread(HttpServer& server, std::vector<UniqueFd> listeners) {
  std::future<void> served =
      std::async(std::launch::async, [&server, sockets = std::move(listeners)]() mutable {
        // However serving ends, the waiting thread must hear of it: the signal is blocked, so it
        // stays pending for it.
        struct Wake {
          ~Wake() { ::kill(::getpid(), SIGTERM); }
        } const wake;
        server.run(std::move(sockets));
      });
  const sigset_t set = stop_signals();
  int signal = 0;
  ::sigwait(&set, &signal);
  log_line(LogLevel::info, "stopping");
  server.stop();
  served.get();
}

}  // namespace

std::optional<int> parse_daemon_flags(int argc, char** argv, const std::string& about,
                                      DaemonOptions& options) {
  const auto code =
      parse_flags(argc, argv, about,
                  {{"-H,--host", &options.hosts, "Listen on this socket: unix://PATH (repeatable)"},
                   {"--data-root", &options.data_root, "Folder for state that survives a reboot"},
                   {"--exec-root", &options.exec_root, "Folder for state that does not"},
                   {"-p,--pidfile", &options.pidfile, "File to write the daemon's pid to"},
                   {"-D,--debug", &options.debug, "Log more"}});
  if (code) return code;
  if (options.hosts.empty()) options.hosts = {"unix://" + options.exec_root + "/slipway.sock"};
  return std::nullopt;
}

DaemonGuard::DaemonGuard(const DaemonOptions& options) {
  block_signals();
  // Members of the group `docker` must be able to reach the socket in the exec root, and to list
  // nothing there.
  locks_.push_back(lock_root(options.exec_root, 0711));
  locks_.push_back(lock_root(options.data_root, 0710));
  if (options.pidfile.empty()) return;
  std::ofstream file(options.pidfile, std::ios::trunc);
  if (!(file << ::getpid() << '\n' << std::flush)) throw SysError(errno, "write", options.pidfile);
  pidfile_ = options.pidfile;
}

DaemonGuard::~DaemonGuard() {
  if (!pidfile_.empty()) ::unlink(pidfile_.c_str());
}

int serve_until_signal(const DaemonOptions& options, HttpServer& server) {
  std::vector<UniqueFd> listeners;
  std::vector<SocketFile> files;
  const gid_t group = group_id(options.socket_group);
  for (const std::string& host : options.hosts) {
    const std::string path = socket_path_of(host);
    listeners.push_back(listen_unix(path, options.socket_mode, group));
    files.emplace_back(path);
    log_line(LogLevel::info, "API listen on " + path);
  }
  serve_on_thread(server, std::move(listeners));
  return 0;
}

}  // namespace slipway
