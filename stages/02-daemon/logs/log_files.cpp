#include "log_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/atomic_file.hpp"

namespace slipway {
namespace {

/// A file of the log as it was seen: its number and who it is.
struct Seen {
  int number = 0;
  ino_t inode = 0;
  bool operator==(const Seen&) const = default;
};

std::optional<ino_t> inode_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return info.st_ino;
}

ino_t inode_of(int file) {
  struct stat info {};
  check(::fstat(file, &info), "fstat", "the log");
  return info.st_ino;
}

/// The newest first. A rotation leaves a hole of one number for a moment (for good, if it was cut off).
std::vector<Seen> look(const std::string& path) {
  std::vector<Seen> files;
  for (int number = 0, holes = 0; holes < 2; ++number) {
    if (const auto inode = inode_of(log_file_name(path, number))) {
      files.push_back({number, *inode});
      holes = 0;
    } else if (number > 0) {
      ++holes;
    }
  }
  return files;
}

/// Opens a file that was seen; nothing if it has moved on.
UniqueFd open_seen(const std::string& path, const Seen& seen) {
  UniqueFd file(
      ::open(log_file_name(path, seen.number).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file && errno != ENOENT) throw SysError(errno, "open", path);
  if (file && inode_of(file.get()) != seen.inode) file.reset();
  return file;
}

/// Opens the files that are newer than the one with this inode (all, if it is not among them any more).
std::deque<UniqueFd> open_since(const std::string& path, std::optional<ino_t> inode) {
  for (;;) {
    const std::vector<Seen> files = look(path);
    std::deque<UniqueFd> opened;
    for (const Seen& seen : files) {
      if (seen.inode == inode) break;
      opened.push_front(open_seen(path, seen));
    }
    // The same before and after: nothing was missed between two looks, and nothing is there twice.
    const bool whole = std::ranges::all_of(opened, [](const UniqueFd& file) { return !!file; });
    if (whole && look(path) == files) return opened;
  }
}

}  // namespace

bool is_disk_scarce(int file) {
  constexpr std::uint64_t kEnough = 2ULL << 30;
  struct statvfs disk {};
  if (::fstatvfs(file, &disk) != 0) return false;
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  return free < kEnough && disk.f_bavail < disk.f_blocks / 20;
}

std::string log_file_name(const std::string& path, int number) {
  return number == 0 ? path : path + "." + std::to_string(number);
}

/// Never a device: a rotation would put a file in its place, on the host.
UniqueFd open_log_file(const std::string& path) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  UniqueFd file(check(::open(path.c_str(), kFlags, 0640), "open", path));
  struct stat info {};
  check(::fstat(file.get(), &info), "fstat", path);
  if (!S_ISREG(info.st_mode)) throw SysError(EINVAL, "open", path + " (a log is a plain file)");
  return file;
}

//@region rotate
/// The new file first: a full disk is noticed before anything has moved. Then from the oldest to the newest, so that
/// whenever we are cut off the files that there are stand in their order.
UniqueFd rotate_log(const std::string& path, int max_files) {
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  UniqueFd file = open_log_file(fresh);
  for (int number = max_files - 1; number >= 1; --number) {
    const std::string from = log_file_name(path, number - 1);
    const int moved = ::rename(from.c_str(), log_file_name(path, number).c_str());
    if (moved < 0 && errno != ENOENT) throw SysError(errno, "rename", from);
  }
  check(::rename(fresh.c_str(), path.c_str()), "rename", fresh);
  return file;
}
//@endregion

void sync_rotated_logs(const std::string& path, int count) {
  for (int number = 1; number <= count; ++number) {
    const std::string name = log_file_name(path, number);
    const UniqueFd file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    if (file) check(::fdatasync(file.get()), "fdatasync", name);
  }
  sync_folder(path.substr(0, path.rfind('/')));
}

std::deque<UniqueFd> open_log_files(const std::string& path) {
  return open_since(path, std::nullopt);
}

std::deque<UniqueFd> open_newer_log_files(const std::string& path, int current) {
  const ino_t inode = inode_of(current);
  const auto newest = inode_of(path);
  // No newest: it is being renamed this moment, and will be there when we ask again.
  if (!newest || *newest == inode) return {};
  return open_since(path, inode);
}

}  // namespace slipway
