#include "terminal.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <stdexcept>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {
namespace {

constexpr unsigned kSlaveMajor = 136;  // the first of Linux' eight for pseudo-terminals

/// openat2(2) without following anything that somebody may have put there.
UniqueFd open_plainly(int folder, const char* path, std::uint64_t flags, std::uint64_t resolve) {
  const open_how how{.flags = flags | O_CLOEXEC, .mode = 0, .resolve = resolve};
  const long fd = ::syscall(SYS_openat2, folder, path, &how, sizeof how);
  return UniqueFd(static_cast<int>(check(fd, "openat2", path)));
}

void require_devpts(const UniqueFd& fd, const char* path) {
  struct statfs about {};
  check(::fstatfs(fd.get(), &about), "fstatfs", path);
  if (about.f_type != DEVPTS_SUPER_MAGIC) {
    throw std::runtime_error(std::string(path) + " is no devpts file system");
  }
}

/// A name like /dev/pts/3 could lead to another file by the time that it is opened (CVE-2025-52565): the slave comes from
/// the master itself.
UniqueFd open_slave(const UniqueFd& master) {
  const int unlocked = 0;
  check(::ioctl(master.get(), TIOCSPTLCK, &unlocked), "ioctl", "TIOCSPTLCK");
  UniqueFd slave(check(::ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC), "ioctl",
                       "TIOCGPTPEER"));
  require_devpts(slave, "the terminal");
  struct stat about {};
  check(::fstat(slave.get(), &about), "fstat", "the terminal");
  if (!S_ISCHR(about.st_mode) || major(about.st_rdev) != kSlaveMajor) {
    throw std::runtime_error("the terminal is no pseudo-terminal");
  }
  return slave;
}

}  // namespace

//@region open_terminal
Terminal open_terminal() {
  const UniqueFd folder =
      open_plainly(AT_FDCWD, "/dev/pts", O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
  require_devpts(folder, "/dev/pts");
  Terminal terminal;
  terminal.master = open_plainly(folder.get(), "ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW,
                                 RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
  terminal.slave = open_slave(terminal.master);
  return terminal;
}
//@endregion

void control_terminal(const UniqueFd& slave) {
  check(::ioctl(slave.get(), TIOCSCTTY, 0), "ioctl", "TIOCSCTTY");
}

void set_terminal_size(int terminal, TerminalSize size) {
  const winsize window{.ws_row = size.rows, .ws_col = size.columns, .ws_xpixel = 0, .ws_ypixel = 0};
  check(::ioctl(terminal, TIOCSWINSZ, &window), "ioctl", "TIOCSWINSZ");
}

}  // namespace slipway
