#pragma once
/// \file
/// stdout and stderr on one connection: Docker's frames ("stdcopy"). Each frame is a head of 8 bytes and a payload:
///
///     byte 0      1 2 3    4 5 6 7
///     stream      0 0 0    length, big endian        payload …
///
/// Spec: Docker Engine API, "Attach to a container", stream format. A container with a terminal has one stream
/// and no frames.

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace slipway {

/// Which stream a frame belongs to; the values go over the wire.
enum class StdioStream : std::uint8_t {
  in = 0,
  out = 1,
  err = 2,
  system_error = 3,  ///< a message of the engine itself
};

/// The head of a frame.
using FrameHead = std::array<char, 8>;
/// \param size  the payload's length in bytes; at most 4 GiB - 1 fits
FrameHead frame_head(StdioStream stream, std::size_t size);
/// Head and payload in one string; empty for an empty payload.
std::string encode_frame(StdioStream stream, std::string_view payload);

/// Takes frames apart, however they are cut into reads. Payload is handed on as it comes, so memory stays small
/// whatever length a head announces. Not thread-safe.
class StdioDemuxer {
 public:
  using Sink = std::function<void(StdioStream stream, std::string_view bytes)>;

  /// \param sink  gets the payload, in order, in parts that need not be frames
  explicit StdioDemuxer(Sink sink) : sink_(std::move(sink)) {}

  /// \throws std::runtime_error if the bytes are no such frames
  void feed(std::string_view bytes);
  /// True if the end of the input is allowed here: between frames.
  [[nodiscard]] bool at_border() const noexcept { return head_size_ == 0 && left_ == 0; }

 private:
  void read_head(std::string_view& bytes);
  Sink sink_;
  FrameHead head_{};
  std::size_t head_size_ = 0;  ///< bytes of the next head that are here
  std::uint32_t left_ = 0;     ///< payload bytes of this frame still to come
  StdioStream stream_ = StdioStream::out;
};

}  // namespace slipway
