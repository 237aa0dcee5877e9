#pragma once
/// \file
/// A connection after its upgrade: no HTTP any more, just bytes in both directions.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "unique_fd.hpp"

namespace slipway {

/// A raw byte stream over a socket, with the bytes that came in the same read as the HTTP head ("early
/// bytes"): they are delivered first, so none is lost. One reader and one writer thread may use it at a time.
class RawStream {
 public:
  RawStream() = default;
  /// \param fd     the connected socket, owned from now on
  /// \param early  bytes that were read already
  RawStream(UniqueFd fd, std::string early) : fd_(std::move(fd)), early_(std::move(early)) {}

  /// Reads up to `buffer.size()` bytes; 0 means that the other side has closed its half.
  /// \throws SysError
  std::size_t read_some(std::span<char> buffer);
  /// Writes all. \throws SysError (EPIPE when the other side is gone; no signal)
  void write_all(std::string_view bytes);
  /// Closes our half: the other side reads the end, and may go on sending. Errors are ignored: the peer
  /// may be gone.
  void shutdown_write() noexcept;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Takes the bytes read too early, for code that goes on with the bare descriptor.
  [[nodiscard]] std::string take_early() { return std::exchange(early_, {}); }
  /// Gives the descriptor away.
  [[nodiscard]] UniqueFd take_fd() { return std::move(fd_); }

 private:
  UniqueFd fd_;
  std::string early_;
};

/// Copies `from` to `to` until the end, then closes `to`'s half. Returns the number of bytes.
/// \throws SysError from either side
std::uint64_t copy_stream(RawStream& from, RawStream& to);

}  // namespace slipway
