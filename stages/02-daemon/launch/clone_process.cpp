#include "clone_process.hpp"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {

ClonedProcess clone_process(std::uint64_t flags, int cgroup_fd) {
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = flags | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  // A sibling's end is told as its maker's is: clone3(2) wants no signal named then.
  if ((flags & CLONE_PARENT) == 0) arguments.exit_signal = SIGCHLD;
  if (cgroup_fd >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(cgroup_fd);
  }
  const long pid = check(::syscall(SYS_clone3, &arguments, sizeof arguments), "clone3");
  ClonedProcess process;
  process.pid = static_cast<pid_t>(pid);
  if (pid > 0) process.pidfd.reset(pidfd);
  return process;
}

}  // namespace slipway
