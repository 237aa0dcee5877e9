#include "unix_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>

#include "sys_error.hpp"

namespace slipway {
namespace {

/// A socket address for any path: one that is too long for sun_path is reached through a descriptor
/// of its folder.
class SocketAddress {
 public:
  explicit SocketAddress(const std::string& path) {
    std::string name = path;
    if (name.size() >= sizeof address_.sun_path) name = through_folder(path);
    if (name.size() >= sizeof address_.sun_path) throw SysError(ENAMETOOLONG, "socket", path);
    address_.sun_family = AF_UNIX;
    std::memcpy(address_.sun_path, name.c_str(), name.size() + 1);
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  [[nodiscard]] static socklen_t size() { return sizeof(sockaddr_un); }

 private:
  std::string through_folder(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = path.substr(0, slash);
    folder_.reset(check(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), "open", folder));
    return "/proc/self/fd/" + std::to_string(folder_.get()) + path.substr(slash);
  }
  sockaddr_un address_{};
  UniqueFd folder_;
};

UniqueFd stream_socket() {
  return UniqueFd(check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket", "AF_UNIX"));
}

/// Removes a socket file that a dead process left. One that somebody listens on stays.
void remove_stale(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return;
  if (!S_ISSOCK(info.st_mode)) throw SysError(EADDRINUSE, "listen on", path);
  const SocketAddress address(path);
  const UniqueFd probe = stream_socket();
  if (::connect(probe.get(), address.get(), address.size()) == 0) {
    throw SysError(EADDRINUSE, "listen on", path);
  }
  check(::unlink(path.c_str()), "unlink", path);
}

}  // namespace

//@region listen
UniqueFd listen_unix(const std::string& path, mode_t mode, gid_t group) {
  remove_stale(path);
  const SocketAddress address(path);
  UniqueFd listener = stream_socket();
  // The file's mode comes from the socket's own mode (fchmod before bind), so there is no moment at
  // which others could connect; unix(7), "Pathname socket ownership and permissions".
  check(::fchmod(listener.get(), mode), "fchmod", path);
  check(::bind(listener.get(), address.get(), address.size()), "bind", path);
  if (group != static_cast<gid_t>(-1)) {
    check(::lchown(path.c_str(), static_cast<uid_t>(-1), group), "lchown", path);
  }
  check(::chmod(path.c_str(), mode), "chmod", path);
  check(::listen(listener.get(), SOMAXCONN), "listen", path);
  return listener;
}
//@endregion

UniqueFd connect_unix(const std::string& path) {
  const SocketAddress address(path);
  UniqueFd fd = stream_socket();
  const int rc =
      retry_on_signal([&] { return ::connect(fd.get(), address.get(), address.size()); });
  check(rc, "connect", path);
  return fd;
}

UniqueFd accept_unix(int listener) {
  const int fd =
      retry_on_signal([&] { return ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC); });
  return UniqueFd(check(fd, "accept4", "unix socket"));
}

}  // namespace slipway
