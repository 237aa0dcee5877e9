#include "namespace_name.hpp"

#include <unistd.h>

#include <array>
#include <stdexcept>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {

std::string namespace_name(const std::string& path) {
  std::array<char, 64> text{};
  const ssize_t size = check(::readlink(path.c_str(), text.data(), text.size()), "readlink", path);
  return {text.data(), static_cast<std::size_t>(size)};
}

void check_namespace(int fd, const std::string& expected) {
  if (expected.empty()) return;
  const std::string found = namespace_name("/proc/self/fd/" + std::to_string(fd));
  if (found == expected) return;
  throw std::runtime_error("the container whose namespace " + expected +
                           " was to be joined has ended");
}

}  // namespace slipway
