#pragma once
/// \file
/// Bytes on their way to a client that may be slow. A slow client must neither hold the container back nor lose output
/// nor make the shim grow: what does not fit in memory waits in an unnamed file on disk.

#include <cstdint>
#include <string>
#include <string_view>

#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// A queue of bytes for one descriptor. Not thread-safe.
class SpoolQueue {
 public:
  /// \param folder  where the file is made once it is needed (O_TMPFILE: it has no name and goes with us)
  explicit SpoolQueue(std::string folder) : folder_(std::move(folder)) {}

  /// \throws SysError if the disk is full
  void push(std::string_view bytes);
  /// Sends what the non-blocking socket takes now. \throws SysError if the peer is gone
  void flush_to(int socket);
  [[nodiscard]] bool empty() const noexcept { return memory_.size() == sent_ && begin_ == end_; }

 private:
  void spill(std::string_view bytes);
  void refill();
  void give_space_back();

  std::string folder_;
  std::string memory_;
  std::size_t sent_ = 0;  ///< how much of `memory_` has gone out
  UniqueFd file_;
  std::int64_t begin_ = 0;  ///< the part of the file that waits
  std::int64_t end_ = 0;
};

}  // namespace slipway
