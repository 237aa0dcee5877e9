#include "spawn.hpp"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "01-cli-socket/sys_error.hpp"
#include "pidfd.hpp"

namespace slipway {
namespace {

/// posix_spawn's functions return the error in place of setting errno.
void check_spawn(int error, std::string_view operation, std::string_view object) {
  if (error != 0) throw SysError(error, operation, object);
}

/// What the child does with its descriptors before exec.
class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  void open_null(int number) {
    check_spawn(
        ::posix_spawn_file_actions_addopen(&actions_, number, "/dev/null", O_RDWR | O_CLOEXEC, 0),
        "posix_spawn_file_actions_addopen", "/dev/null");
    give(number, number);  // dup2 onto itself clears close-on-exec
  }
  void give(int ours, int number) {
    check_spawn(::posix_spawn_file_actions_adddup2(&actions_, ours, number),
                "posix_spawn_file_actions_adddup2", std::to_string(number));
  }
  void close_from(int number) {
    check_spawn(::posix_spawn_file_actions_addclosefrom_np(&actions_, number),
                "posix_spawn_file_actions_addclosefrom_np", std::to_string(number));
  }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

/// Signals at their defaults, none blocked: a daemon's own settings must not reach its children.
class Attributes {
 public:
  explicit Attributes(bool new_session) {
    ::posix_spawnattr_init(&attributes_);
    sigset_t all;
    sigset_t none;
    ::sigfillset(&all);
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    const int flags =
        POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (new_session ? POSIX_SPAWN_SETSID : 0);
    ::posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

/// The first number that no descriptor of the child has.
int above_child_numbers(const SpawnRequest& request) {
  int above = 3;
  for (const auto& [ours, number] : request.descriptors) above = std::max(above, number + 1);
  return above;
}

}  // namespace

SpawnedProcess spawn(const SpawnRequest& request) {
  FileActions actions;
  const int above = above_child_numbers(request);
  std::vector<UniqueFd> copies;  // there, so that no dup2 overwrites one that is still to be given
  for (int number = 0; number <= 2; ++number) {
    const bool named = std::any_of(request.descriptors.begin(), request.descriptors.end(),
                                   [&](const auto& entry) { return entry.second == number; });
    if (!named) actions.open_null(number);
  }
  for (const auto& [ours, number] : request.descriptors) {
    const int copy = ::fcntl(ours, F_DUPFD_CLOEXEC, above);
    copies.emplace_back(check(copy, "fcntl", "F_DUPFD_CLOEXEC"));
    actions.give(copies.back().get(), number);
  }
  actions.close_from(above);  // also what whoever started us had left open
  const std::string& name = request.shown_as.empty() ? request.program : request.shown_as;
  std::vector<char*> argv{const_cast<char*>(name.c_str())};
  for (const std::string& arg : request.args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);

  SpawnedProcess child;
  const Attributes attributes(request.new_session);
  check_spawn(::posix_spawn(&child.pid, request.program.c_str(), actions.get(), attributes.get(),
                            argv.data(), environ),
              "posix_spawn", request.program);
  // The child cannot have been reaped yet, so its pid is still its own.
  child.pidfd = open_pidfd(child.pid);
  return child;
}

int wait_for_exit(const SpawnedProcess& process) {
  siginfo_t info{};
  const auto id = static_cast<id_t>(process.pidfd.get());
  check(retry_on_signal([&] { return ::waitid(P_PIDFD, id, &info, WEXITED); }), "waitid",
        "child " + std::to_string(process.pid));
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

std::string sibling_program(const std::string& name) {
  char path[PATH_MAX];
  const ssize_t length =
      check(::readlink("/proc/self/exe", path, sizeof path), "readlink", "/proc/self/exe");
  std::string own(path, static_cast<std::size_t>(length));
  return own.substr(0, own.rfind('/') + 1) + name;
}

}  // namespace slipway
