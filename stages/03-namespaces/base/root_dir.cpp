#include "root_dir.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <stdexcept>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {
namespace {

constexpr std::uint64_t kInside = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

/// "/a//b/" -> "/a", then "/a/b": the paths from the root down, one at a time.
class Prefixes {
 public:
  explicit Prefixes(std::string_view path) : path_(path) {}
  /// The next prefix, or "" after the last.
  std::string next() {
    const std::size_t start = path_.find_first_not_of('/', end_);
    if (start == std::string_view::npos) return "";
    end_ = std::min(path_.find('/', start), path_.size());
    name_ = path_.substr(start, end_ - start);
    return std::string(path_.substr(0, end_));
  }
  /// The last component of the prefix.
  [[nodiscard]] std::string name() const { return std::string(name_); }

 private:
  std::string_view path_, name_;
  std::size_t end_ = 0;
};

/// "/a/b/c" -> {"/a/b", "c"}
std::pair<std::string, std::string> split_last(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {"/", std::string(path)};
  return {std::string(path.substr(0, slash + 1)), std::string(path.substr(slash + 1))};
}

}  // namespace

RootDir RootDir::at(const std::string& host_path) {
  const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  return RootDir(UniqueFd(check(::open(host_path.c_str(), flags), "open", host_path)));
}

//@region open
int RootDir::try_open(const std::string& path, int flags, std::uint64_t resolve) const {
  //@exercise 03.1 Open a path of the container so that it cannot lead out of the root
  //@hint  openat2(2) has no wrapper in glibc: syscall(SYS_openat2, folder, path, &how, sizeof how)
  //@hint  what keeps "/" and ".." inside is in `resolve`; it belongs into open_how
  //@hint  while somebody renames folders the kernel may answer EAGAIN: try again, not for ever
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = resolve;
  for (int attempt = 0;; ++attempt) {
    const long fd = ::syscall(SYS_openat2, root_.get(), path.c_str(), &how, sizeof how);
    const bool again = fd < 0 && (errno == EAGAIN || errno == EINTR);
    if (!again || attempt == 100) return static_cast<int>(fd);
  }
  //@end
}
//@endregion

UniqueFd RootDir::open(std::string_view path, int flags) const {
  const std::string text(path);
  return UniqueFd(check(try_open(text, flags, kInside), "openat2", text));
}

std::optional<UniqueFd> RootDir::maybe_open(std::string_view path, int flags) const {
  const std::string text(path);
  UniqueFd file(try_open(text, flags, kInside));
  if (!file && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  check(file.get(), "openat2", text);
  return file;
}

UniqueFd RootDir::make_folders(std::string_view path) const {
  UniqueFd folder = open("/", O_PATH | O_DIRECTORY);
  Prefixes prefixes(path);
  for (std::string prefix = prefixes.next(); !prefix.empty(); prefix = prefixes.next()) {
    UniqueFd next(try_open(prefix, O_PATH | O_DIRECTORY, kInside));
    if (!next && errno == ENOENT) {
      const int made = ::mkdirat(folder.get(), prefixes.name().c_str(), 0755);
      if (made < 0 && errno != EEXIST) throw SysError(errno, "mkdirat", prefix);
      next = open(prefix, O_PATH | O_DIRECTORY);
    }
    check(next.get(), "openat2", prefix);
    folder = std::move(next);
  }
  return folder;
}

UniqueFd RootDir::make_ordinary_folders(std::string_view path, std::string_view what) const {
  const std::string text(path);
  const int flags = O_PATH | O_DIRECTORY;
  UniqueFd folder(try_open(text, flags, kInside | RESOLVE_NO_SYMLINKS));
  if (!folder && errno == ENOENT) {
    const UniqueFd made = make_folders(path);
    folder.reset(try_open(text, flags, kInside | RESOLVE_NO_SYMLINKS));
  }
  if (!folder && (errno == ELOOP || errno == ENOTDIR)) {
    throw std::runtime_error(std::string(what) + " must be mounted on ordinary directory: " + text +
                             " is a symbolic link or a file");
  }
  check(folder.get(), "openat2", text);
  return folder;
}

UniqueFd RootDir::make_file(std::string_view path) const {
  if (auto there = maybe_open(path, O_PATH)) return std::move(*there);
  const auto [parent, name] = split_last(path);
  const UniqueFd folder = make_folders(parent);
  const int flags = O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC;  // O_EXCL: never through a link
  const UniqueFd made(check(::openat(folder.get(), name.c_str(), flags, 0644), "create", path));
  return open(path, O_PATH);
}

}  // namespace slipway
