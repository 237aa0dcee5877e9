#pragma once
/// \file
/// A failed system call as an exception that says what was tried, on what, and why it failed:
/// "mount overlay on /: Device or resource busy".

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>

namespace slipway {

/// A system call that failed. `what()` is "OPERATION OBJECT: strerror(errno)".
class SysError : public std::system_error {
 public:
  /// \param error      the errno value, read before anything else could change it
  /// \param operation  the call, by its manual page's name ("mount", "openat2")
  /// \param object     what it was about (a path, a device, an id); may be empty
  SysError(int error, std::string_view operation, std::string_view object = {});

  /// The errno value.
  [[nodiscard]] int error() const noexcept { return code().value(); }
  /// True if this is the given errno value.
  [[nodiscard]] bool is(int error_number) const noexcept { return error() == error_number; }
};

/// Returns `result`, or throws SysError with the current errno if it is negative.
/// The arguments must not make system calls of their own: they are evaluated before errno is read.
template <class Result>
Result check(Result result, std::string_view operation, std::string_view object = {}) {
  if (result < 0) throw SysError(errno, operation, object);
  return result;
}

/// Calls `call()` again for as long as it is interrupted by a signal (EINTR); returns its result.
/// Not for close(2).
template <class Call>
auto retry_on_signal(Call&& call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

}  // namespace slipway
