#include "extractor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>

#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/atomic_file.hpp"
#include "05-layers-cache/base/refused.hpp"
#include "05-layers-cache/base/write_at.hpp"

namespace slipway {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY;
constexpr const char* kOpaqueXattr = "trusted.overlay.opaque";

/// What is there under that name (a link itself, not its target); nothing if nothing is.
std::optional<struct stat> maybe_stat(int parent, const std::string& base) {
  struct stat info {};
  const int result = ::fstatat(parent, base.c_str(), &info, AT_SYMLINK_NOFOLLOW);
  if (result < 0 && errno == ENOENT) return std::nullopt;
  check(result, "fstatat", base);
  return info;
}

bool is_whiteout(const struct stat& info) { return S_ISCHR(info.st_mode) && info.st_rdev == 0; }

void set_opaque(int folder) {
  check(::fsetxattr(folder, kOpaqueXattr, "y", 1, 0), "fsetxattr", kOpaqueXattr);
}

/// uid_t and gid_t are 32 bits wide, and -1 means "do not change": larger numbers would wrap to
/// somebody else.
std::uint32_t owner_id(std::int64_t id) {
  if (id < 0 || id >= std::numeric_limits<std::uint32_t>::max()) {
    throw Refused("owner " + std::to_string(id) + " is out of range");
  }
  return static_cast<std::uint32_t>(id);
}

/// Access and modification time. Above 999,999,999 utimensat(2) has special meanings.
std::array<timespec, 2> times_of(timespec mtime) {
  if (mtime.tv_nsec < 0 || mtime.tv_nsec > 999'999'999) mtime.tv_nsec = 0;
  return {mtime, mtime};
}

/// True for what an image may set. Not the overlay's own attributes, which would redirect its
/// look-ups; nothing of a security module but file capabilities.
bool is_allowed_xattr(const std::string& name) {
  if (name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.")) return false;
  return name.starts_with("user.") || name.starts_with("trusted.") || name == "security.capability";
}

void set_xattrs(int fd, const TarEntry& entry) {
  for (const auto& [name, value] : entry.xattrs) {
    if (!is_allowed_xattr(name)) continue;
    const int result = ::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0);
    if (result < 0 && errno == EOPNOTSUPP && name != "security.capability") continue;  // as tar(1)
    check(result, "fsetxattr", name);
  }
}

/// Owner first: chown clears setuid bits and file capabilities.
void set_owner_and_mode(int fd, const TarEntry& entry) {
  check(::fchown(fd, owner_id(entry.uid), owner_id(entry.gid)), "fchown", entry.name);
  check(::fchmod(fd, entry.mode), "fchmod", entry.name);
  set_xattrs(fd, entry);
}

void set_owner_and_times(int parent, const std::string& base, const TarEntry& entry) {
  const int flags = AT_SYMLINK_NOFOLLOW;
  check(::fchownat(parent, base.c_str(), owner_id(entry.uid), owner_id(entry.gid), flags),
        "fchownat", entry.name);
  check(::utimensat(parent, base.c_str(), times_of(entry.mtime).data(), flags), "utimensat",
        entry.name);
}

void copy_content(int fd, TarReader& content, const std::string& name) {
  std::uint64_t end = 0;
  while (const auto part = content.read()) {
    write_at(fd, part->bytes, part->offset, name);
    end = part->offset + part->bytes.size();
  }
  if (end < content.size()) {  // it ends in a hole
    check(::ftruncate(fd, static_cast<off_t>(content.size())), "ftruncate", name);
  }
}

/// True if the entry asked for something impossible; a full or broken disk is nobody's fault.
bool blames_entry(const SysError& error) {
  constexpr std::array kTheirs{ENOTDIR, ENOENT, ELOOP,  EEXIST, ENAMETOOLONG,
                               EINVAL,  EMLINK, EISDIR, EPERM,  EFBIG};
  return std::find(kTheirs.begin(), kTheirs.end(), error.error()) != kTheirs.end();
}

}  // namespace

void Extractor::add(const TarEntry& entry, TarReader& content) {
  const auto refuse = [&](const std::exception& reason) {
    return Refused("entry \"" + entry.name + "\": " + reason.what());
  };
  try {
    place(entry, parse_entry_name(entry.name), content);
  } catch (const Refused& reason) {
    throw refuse(reason);
  } catch (const SysError& error) {
    if (blames_entry(error)) throw refuse(error);
    throw;
  }
}

void Extractor::place(const TarEntry& entry, const EntryName& name, TarReader& content) {
  switch (name.kind) {
    case EntryKind::ignored:
      return;
    case EntryKind::plain:
      return add_plain(entry, name, content);
    case EntryKind::opaque:
      return set_opaque(folder(name.parent));
    case EntryKind::whiteout:
      if (entry.type != EntryType::file) throw Refused("a whiteout must be a plain file");
      return hide(folder(name.parent), name.base);
    case EntryKind::root:
      if (entry.type != EntryType::folder) throw Refused("the root must be a folder");
      set_owner_and_mode(folder(""), entry);
      folder_times_.emplace_back("/", entry.mtime);
  }
}

void Extractor::add_plain(const TarEntry& entry, const EntryName& name, TarReader& content) {
  const int parent = folder(name.parent);
  switch (entry.type) {
    case EntryType::file:
      return add_file(parent, name.base, entry, content);
    case EntryType::folder:
      return add_folder(parent, name, entry);
    case EntryType::symbolic_link:
      return add_symbolic_link(parent, name, entry);
    case EntryType::hard_link:
      return add_hard_link(parent, name.base, entry);
    case EntryType::fifo:
      return add_fifo(parent, name.base, entry);
    case EntryType::device:
      throw Refused("a layer may not contain device nodes");
    case EntryType::other:
      throw Refused("its type is unknown");
  }
}

/// The folder, made (0755, root) as far as it is missing. The descriptor lives until the next call.
int Extractor::folder(const std::string& path) {
  if (cached_ && cached_path_ == path) return cached_.get();
  const std::string inside = path.empty() ? "/" : path;
  auto found = root_.maybe_open(inside, kFolderFlags);
  if (!found) {
    try {
      const UniqueFd made = root_.make_folders(inside);
    } catch (const SysError& error) {
      if (!error.is(EEXIST) && !error.is(ENOENT)) throw;
      throw Refused("its folder is a link that leads to nothing inside the layer");
    }
    found = root_.open(inside, kFolderFlags);
  }
  cached_ = std::move(*found);
  cached_path_ = path;
  return cached_.get();
}

void Extractor::remove(int parent, const std::string& base) {
  remove_tree_at(parent, base);
  cached_path_ = "/";  // no parent is called so: the next look-up sees what has changed
}

/// Calls `make_it`; whatever this layer had under that name goes first.
template <class Make>
auto Extractor::make(int parent, const std::string& base, Make make_it) {
  auto result = make_it();
  if (result < 0 && errno == EEXIST) {
    remove(parent, base);
    result = make_it();
  }
  return check(result, "create", base);
}

void Extractor::add_file(int parent, const std::string& base, const TarEntry& entry,
                         TarReader& content) {
  // O_EXCL: what is written is always a new file, never one reached through a link.
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const UniqueFd file(
      make(parent, base, [&] { return ::openat(parent, base.c_str(), flags, 0600); }));
  copy_content(file.get(), content, base);
  set_owner_and_mode(file.get(), entry);
  check(::futimens(file.get(), times_of(entry.mtime).data()), "futimens", base);
}

void Extractor::add_folder(int parent, const EntryName& name, const TarEntry& entry) {
  const auto before = maybe_stat(parent, name.base);
  if (!before || !S_ISDIR(before->st_mode)) {
    make(parent, name.base, [&] { return ::mkdirat(parent, name.base.c_str(), 0700); });
  }
  const int flags = kFolderFlags | O_NOFOLLOW | O_CLOEXEC;
  const UniqueFd made(check(::openat(parent, name.base.c_str(), flags), "openat", name.base));
  set_owner_and_mode(made.get(), entry);
  // It takes the place of a whiteout: the folder below stays hidden.
  if (before && is_whiteout(*before)) set_opaque(made.get());
  folder_times_.emplace_back(name.parent + "/" + name.base, entry.mtime);
}

void Extractor::add_symbolic_link(int parent, const EntryName& name, const TarEntry& entry) {
  check_link_target(name.parent, entry.link);
  make(parent, name.base,
       [&] { return ::symlinkat(entry.link.c_str(), parent, name.base.c_str()); });
  set_owner_and_times(parent, name.base, entry);
}

void Extractor::add_hard_link(int parent, const std::string& base, const TarEntry& entry) {
  const std::string rule = "hard link to \"" + entry.link + "\": ";
  std::string target;
  try {
    target = clean_entry_name(entry.link);
  } catch (const Refused& reason) {
    throw Refused(rule + reason.what());
  }
  const std::size_t slash = target.rfind('/');
  const std::string target_base = target.substr(slash == std::string::npos ? 0 : slash + 1);
  const std::string target_parent = slash == std::string::npos ? "/" : target.substr(0, slash);
  const auto from = root_.maybe_open(target_parent, O_PATH | O_DIRECTORY);
  const auto info = from ? maybe_stat(from->get(), target_base) : std::nullopt;
  if (!info) throw Refused(rule + "there is no such file in the layer");
  if (S_ISDIR(info->st_mode) || is_whiteout(*info)) throw Refused(rule + "that is no file");
  // Without AT_SYMLINK_FOLLOW: a link to a symbolic link is a second name of the link itself.
  make(parent, base,
       [&] { return ::linkat(from->get(), target_base.c_str(), parent, base.c_str(), 0); });
}

void Extractor::add_fifo(int parent, const std::string& base, const TarEntry& entry) {
  make(parent, base, [&] { return ::mknodat(parent, base.c_str(), S_IFIFO | 0600, 0); });
  set_owner_and_times(parent, base, entry);
  check(::fchmodat(parent, base.c_str(), entry.mode, 0), "fchmodat", base);
}

/// A whiteout hides what the layers *below* have; what this layer brings itself stays, whichever
/// came first.
void Extractor::hide(int parent, const std::string& base) {
  //@exercise 05.1 Hide `base` of the layers below, in overlayfs' terms
  //@hint  nothing there yet: mknodat(2) of a character device with number 0:0 (needs no CAP_MKNOD)
  //@hint  a folder of that name in this layer must not show what lies below it: set_opaque()
  const auto own_entry = maybe_stat(parent, base);
  if (!own_entry) check(::mknodat(parent, base.c_str(), S_IFCHR, makedev(0, 0)), "mknodat", base);
  if (!own_entry || !S_ISDIR(own_entry->st_mode)) return;
  const int flags = kFolderFlags | O_NOFOLLOW | O_CLOEXEC;
  const UniqueFd own(check(::openat(parent, base.c_str(), flags), "openat", base));
  set_opaque(own.get());
  //@end
}

void Extractor::finish() {
  for (const auto& [path, mtime] : folder_times_) {
    const auto found = root_.maybe_open(path, kFolderFlags | O_NOFOLLOW);
    if (!found) continue;  // replaced by something else since
    check(::futimens(found->get(), times_of(mtime).data()), "futimens", path);
  }
}

}  // namespace slipway
