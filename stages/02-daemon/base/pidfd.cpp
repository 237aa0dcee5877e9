#include "pidfd.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {

UniqueFd open_pidfd(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  return UniqueFd(static_cast<int>(check(fd, "pidfd_open", std::to_string(pid))));
}

void send_signal(const UniqueFd& pidfd, int signal) noexcept {
  if (pidfd) ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0);
}

bool wait_until_ended(const UniqueFd& pidfd, int milliseconds) {
  pollfd waiting{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  return !pidfd || retry_on_signal([&] { return ::poll(&waiting, 1, milliseconds); }) > 0;
}

}  // namespace slipway
