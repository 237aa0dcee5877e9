#include "write_at.hpp"

#include <unistd.h>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {

void write_at(int fd, std::span<const char> bytes, std::uint64_t offset, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t count =
        check(retry_on_signal([&] {
                return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
              }),
              "pwrite", what);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

}  // namespace slipway
