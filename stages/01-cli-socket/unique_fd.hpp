#pragma once
/// \file
/// The owner of a file descriptor. Every descriptor in Slipway lives in a UniqueFd from the call that
/// made it until the scope that needs it ends: no descriptor leaks, none is closed twice.

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace slipway {

/// Owns one file descriptor (or none). Movable, not copyable; not thread-safe.
/// Open descriptors with `O_CLOEXEC` (or `SOCK_CLOEXEC`, `MSG_CMSG_CLOEXEC`): this class cannot add it.
class UniqueFd {
 public:
  UniqueFd() noexcept = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  /// The descriptor, or -1. Ownership stays here.
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

  /// Gives the descriptor away; the caller owns it now.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

  /// Closes what is held and takes `fd`. Keeps errno. close(2) is never retried: on Linux the
  /// descriptor is gone even after EINTR, and a retry could close another thread's descriptor.
  void reset(int fd = -1) noexcept {
    const int old = std::exchange(fd_, fd);
    if (old < 0) return;
    const int saved = errno;
    ::close(old);
    errno = saved;
  }

 private:
  int fd_ = -1;
};

}  // namespace slipway
