#include "stdio_mux.hpp"

#include <algorithm>
#include <stdexcept>

namespace slipway {

FrameHead frame_head(StdioStream stream, std::size_t size) {
  FrameHead head{};
  head[0] = static_cast<char>(stream);
  for (std::size_t i = 0; i < 4; ++i) head[4 + i] = static_cast<char>(size >> (8 * (3 - i)));
  return head;
}

std::string encode_frame(StdioStream stream, std::string_view payload) {
  if (payload.empty()) return {};
  const FrameHead head = frame_head(stream, payload.size());
  return std::string(head.data(), head.size()).append(payload);
}

void StdioDemuxer::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (left_ == 0) read_head(bytes);
    const std::string_view part = bytes.substr(0, left_);
    if (part.empty()) continue;
    left_ -= static_cast<std::uint32_t>(part.size());
    bytes.remove_prefix(part.size());
    sink_(stream_, part);
  }
}

/// Takes what is there of a head; once it is whole, the frame begins.
void StdioDemuxer::read_head(std::string_view& bytes) {
  const std::size_t count = std::min(bytes.size(), head_.size() - head_size_);
  std::copy_n(bytes.begin(), count, head_.begin() + static_cast<std::ptrdiff_t>(head_size_));
  bytes.remove_prefix(count);
  head_size_ += count;
  if (head_size_ < head_.size()) return;
  head_size_ = 0;
  const auto byte = [this](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(head_[i]));
  };
  if (byte(0) > 3 || byte(1) != 0 || byte(2) != 0 || byte(3) != 0) {
    throw std::runtime_error("the stream is not in frames (unknown stream " +
                             std::to_string(byte(0)) + ")");
  }
  stream_ = static_cast<StdioStream>(byte(0));
  left_ = byte(4) << 24 | byte(5) << 16 | byte(6) << 8 | byte(7);
}

}  // namespace slipway
