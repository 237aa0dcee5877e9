#include "raw_stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "sys_error.hpp"

namespace slipway {

//@region early_bytes
std::size_t RawStream::read_some(std::span<char> buffer) {
  if (!early_.empty()) {
    const std::size_t count = std::min(buffer.size(), early_.size());
    std::copy_n(early_.begin(), count, buffer.begin());
    early_.erase(0, count);
    return count;
  }
  const ssize_t count =
      retry_on_signal([&] { return ::recv(fd_.get(), buffer.data(), buffer.size(), 0); });
  return static_cast<std::size_t>(check(count, "recv", "raw stream"));
}
//@endregion

void RawStream::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = retry_on_signal(
        [&] { return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); });
    bytes.remove_prefix(static_cast<std::size_t>(check(count, "send", "raw stream")));
  }
}

void RawStream::shutdown_write() noexcept { ::shutdown(fd_.get(), SHUT_WR); }

std::uint64_t copy_stream(RawStream& from, RawStream& to) {
  std::array<char, 16384> buffer;
  std::uint64_t total = 0;
  while (const std::size_t count = from.read_some(buffer)) {
    to.write_all({buffer.data(), count});
    total += count;
  }
  to.shutdown_write();
  return total;
}

}  // namespace slipway
