#include "atomic_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "01-cli-socket/sys_error.hpp"
#include "01-cli-socket/unique_fd.hpp"

namespace slipway {
namespace {

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash == 0 ? 1 : slash);
}

void write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t count =
        retry_on_signal([&] { return ::write(fd, content.data(), content.size()); });
    content.remove_prefix(static_cast<std::size_t>(check(count, "write", path)));
  }
}

void write_new_file(const std::string& path, std::string_view content, Durability durability,
                    mode_t mode) {
  const UniqueFd fd(
      check(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode),
            "open", path));
  write_all(fd.get(), content, path);
  if (durability == Durability::durable) check(::fsync(fd.get()), "fsync", path);
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

UniqueFd open_folder(int parent, const std::string& name) {
  const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  return UniqueFd(check(::openat(parent, name.c_str(), flags), "openat", name));
}

struct stat status_of(int fd, const std::string& name) {
  struct stat info {};
  check(::fstat(fd, &info), "fstat", name);
  return info;
}

/// True if `name` in `parent` is gone now; false if it is a folder.
bool remove_file(int parent, const char* name) {
  if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT) return true;
  if (errno != EISDIR && errno != EPERM) throw SysError(errno, "unlinkat", name);
  return false;
}

/// Removes files of a folder until it meets a folder: \returns that one's name, or "" if nothing is left.
std::string remove_files(int fd, const std::string& name) {
  UniqueFd again = open_folder(fd, ".");
  const Folder folder(::fdopendir(again.get()));
  if (!folder) throw SysError(errno, "fdopendir", name);
  static_cast<void>(again.release());  // closedir closes it
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view found = entry->d_name;
    if (found == "." || found == "..") continue;
    if (!remove_file(fd, entry->d_name)) return std::string(found);
  }
  return {};
}

/// One folder on the way down.
struct Step {
  std::string name;
  ino_t inode;
};

}  // namespace

//@region replace
void write_file_atomically(const std::string& path, std::string_view content, Durability durability,
                           mode_t mode) {
  //@exercise 02.1 Replace a file so that everybody sees the old one or the new one, whole
  //@hint  write_new_file() a neighbour ("path.tmp"), then rename(2) it: that is one step to all who look
  //@hint  a power cut may keep the rename and lose the content: fsync comes before it
  //@hint  and the folder's own entry is on disk after sync_folder() only; a failure leaves no ".tmp"
  const std::string temporary = path + ".tmp";
  try {
    write_new_file(temporary, content, durability, mode);
    check(::rename(temporary.c_str(), path.c_str()), "rename", path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  if (durability == Durability::durable) sync_folder(folder_of(path));
  //@end
}
//@endregion

void sync_folder(const std::string& path) {
  const UniqueFd fd(check(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open", path));
  check(::fsync(fd.get()), "fsync", path);
}

std::optional<std::string> read_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return std::nullopt;
  check(fd.get(), "open", path);
  std::string content;
  char buffer[16384];
  for (;;) {
    const ssize_t count = retry_on_signal([&] { return ::read(fd.get(), buffer, sizeof buffer); });
    if (check(count, "read", path) == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
    if (content.size() > limit) throw std::runtime_error(path + ": file is too large");
  }
}

void make_folders(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return;
  if (errno != ENOENT) throw SysError(errno, "mkdir", path);
  make_folders(folder_of(path), mode);
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) throw SysError(errno, "mkdir", path);
}

void remove_tree_at(int parent, const std::string& name) {
  if (remove_file(parent, name.c_str())) return;
  // Down by name and up by "..", with one descriptor: a container can make a tree deeper than our stack is, and than
  // we may open files.
  UniqueFd at = open_folder(parent, name);
  const dev_t device = status_of(at.get(), name).st_dev;
  std::vector<Step> way{{name, status_of(at.get(), name).st_ino}};
  for (;;) {
    const std::string below = remove_files(at.get(), way.back().name);
    if (!below.empty()) {
      at = open_folder(at.get(), below);
      const struct stat info = status_of(at.get(), below);
      if (info.st_dev != device) throw SysError(EXDEV, "remove", below);
      way.push_back({below, info.st_ino});
      continue;
    }
    if (way.size() == 1) break;
    const std::string emptied = std::move(way.back().name);
    way.pop_back();
    at.reset(check(::openat(at.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "openat", ".."));
    // Somebody who moves folders about meanwhile must not lead us elsewhere.
    if (status_of(at.get(), "..").st_ino != way.back().inode)
      throw SysError(ESTALE, "remove", name);
    check(::unlinkat(at.get(), emptied.c_str(), AT_REMOVEDIR), "rmdir", emptied);
  }
  check(::unlinkat(parent, name.c_str(), AT_REMOVEDIR), "rmdir", name);
}

void remove_tree(const std::string& path) { remove_tree_at(AT_FDCWD, path); }

}  // namespace slipway
