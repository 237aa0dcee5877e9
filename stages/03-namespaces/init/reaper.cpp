#include "reaper.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <initializer_list>

namespace slipway {
namespace {

// Shell conventions, as docker documents them.
constexpr int kWrongUse = 125;
constexpr int kCannotRun = 126;
constexpr int kNotFound = 127;

/// All signals wait for sigwaitinfo(2), so that none is lost and none interrupts anything. But faults of our own.
sigset_t block_signals() {
  ::signal(SIGCHLD, SIG_DFL);  // ignored, it would take the exit codes away
  sigset_t all, before;
  ::sigfillset(&all);
  for (const int fault : {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS}) {
    ::sigdelset(&all, fault);
  }
  ::sigprocmask(SIG_BLOCK, &all, &before);
  return before;
}

/// In the child: a process group of its own in the foreground of the terminal, if there is one, so that Ctrl-C reaches it
/// and not us; then the command. tcsetpgrp(3)
[[noreturn]] void become(char** command, const sigset_t& signals) {
  ::setpgid(0, 0);
  ::tcsetpgrp(STDIN_FILENO, ::getpgrp());  // without a terminal there is nothing to do
  ::sigprocmask(SIG_SETMASK, &signals, nullptr);
  ::execvp(command[0], command);
  const int error = errno;
  std::fprintf(stderr, "slipway-init: exec %s: %s\n", command[0], std::strerror(error));
  ::_exit(error == ENOENT ? kNotFound : kCannotRun);
}

//@region reap
/// Reaps all that have ended. \returns the command's exit code if it was among them, else -1
int reap(pid_t command) {
  int code = -1;
  //@exercise 03.4 Reap whatever has ended, and remember the command's exit code
  //@hint  one SIGCHLD may stand for several children: signals of one kind do not queue
  //@hint  waitpid(2) with -1 and WNOHANG, until it finds nobody; WIFEXITED and WTERMSIG make the code
  int status = 0;
  for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid == command) code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  //@end
  return code;
}
//@endregion

int serve(pid_t command) {
  sigset_t all;
  ::sigfillset(&all);
  for (;;) {
    siginfo_t info;
    const int signal = ::sigwaitinfo(&all, &info);
    if (signal < 0) continue;  // EINTR: stopped and continued
    if (signal != SIGCHLD) {
      ::kill(command, signal);
      continue;
    }
    if (const int code = reap(command); code >= 0) return code;
  }
}

}  // namespace

int run_init(int argc, char** argv) {
  char** command = argv + 1;
  if (argc > 1 && std::strcmp(*command, "--") == 0) ++command;
  if (argc < 2 || *command == nullptr) {
    std::fprintf(stderr, "usage: slipway-init [--] COMMAND [ARGUMENT...]\n");
    return kWrongUse;
  }
  const sigset_t before = block_signals();
  const pid_t pid = ::fork();
  if (pid < 0) {
    std::perror("slipway-init: fork");
    return kWrongUse;
  }
  if (pid == 0) become(command, before);
  return serve(pid);
}

}  // namespace slipway
