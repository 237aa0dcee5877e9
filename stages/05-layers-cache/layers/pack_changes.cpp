#include "pack_changes.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "01-cli-socket/sys_error.hpp"
#include "05-layers-cache/base/entry_name.hpp"
#include "05-layers-cache/base/refused.hpp"

namespace slipway {
namespace {

constexpr std::string_view kWhiteoutPrefix = ".wh.";
constexpr std::string_view kOpaqueName = ".wh..wh..opq";
constexpr std::string_view kOverlayPrefix = "trusted.overlay.";
constexpr mode_t kPermissions = 07777;

using Xattrs = std::map<std::string, std::string>;

/// The way to the file itself behind an O_PATH descriptor, for calls that take none.
std::string proc_path(const UniqueFd& fd) { return "/proc/self/fd/" + std::to_string(fd.get()); }

/// listxattr(2) or getxattr(2), with as much room as it takes; the size may change between two calls.
template <class Call>
std::optional<std::string> read_growing(Call call, const char* operation, const std::string& what) {
  for (std::string bytes(256, '\0');; bytes.resize(bytes.size() * 4)) {
    const ssize_t count = call(bytes.data(), bytes.size());
    if (count < 0 && errno == ERANGE) continue;
    if (count < 0 && (errno == ENODATA || errno == EOPNOTSUPP)) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(check(count, operation, what)));
    return bytes;
  }
}

Xattrs read_xattrs(const UniqueFd& file, const std::string& what) {
  const std::string path = proc_path(file);
  const auto list = [&](char* to, std::size_t room) { return ::listxattr(path.c_str(), to, room); };
  const std::string names = read_growing(list, "listxattr", what).value_or("");
  Xattrs found;
  for (std::size_t at = 0; at < names.size(); at = names.find('\0', at) + 1) {
    const char* name = names.c_str() + at;
    const auto get = [&](char* to, std::size_t room) {
      return ::getxattr(path.c_str(), name, to, room);
    };
    if (auto value = read_growing(get, "getxattr", what)) found.emplace(name, std::move(*value));
  }
  return found;
}

/// What belongs to the file and not to this host: the rule that `Extractor` has for the way in.
bool travels(const std::string& name) {
  if (name.starts_with(kOverlayPrefix) || name.starts_with("user.overlay.")) return false;
  return name.starts_with("user.") || name.starts_with("trusted.") || name == "security.capability";
}

/// With redirect_dir or metacopy (both off unless the host's administrator turns them on), a renamed folder or a
/// changed mode refers to the lower layer. Packed as it stands it would lose files without a word.
void refuse_redirection(const Xattrs& xattrs, const std::string& path) {
  for (const char* name : {"trusted.overlay.redirect", "trusted.overlay.metacopy"}) {
    if (!xattrs.contains(name)) continue;
    throw std::runtime_error(path + " cannot be packed: it has " + name +
                             ", turn off redirect_dir and metacopy of the overlay module");
  }
}

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

/// The names in a folder, sorted.
std::vector<std::string> names_in(UniqueFd folder, const std::string& path) {
  const std::unique_ptr<DIR, CloseFolder> stream(::fdopendir(folder.get()));
  if (!stream) throw SysError(errno, "fdopendir", path);
  static_cast<void>(folder.release());  // the stream's now
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (!entry) break;
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  if (errno != 0) throw SysError(errno, "readdir", path);
  std::sort(names.begin(), names.end());
  return names;
}

char type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFLNK:
      return '2';
    case S_IFCHR:
      return '3';
    case S_IFBLK:
      return '4';
    case S_IFDIR:
      return '5';
    case S_IFIFO:
      return '6';
    default:
      return '0';
  }
}

std::string read_link(const UniqueFd& link, const std::string& path) {
  const auto read = [&](char* to, std::size_t room) -> ssize_t {
    const ssize_t count = ::readlinkat(link.get(), "", to, room);
    if (count != static_cast<ssize_t>(room)) return count;
    errno = ERANGE;  // it may have been cut off
    return -1;
  };
  return read_growing(read, "readlinkat", path).value_or("");
}

/// One pass over one upper folder.
class Packer {
 public:
  Packer(const RootDir& root, TarStream& tar) : root_(root), tar_(tar) {}

  /// \param path  from the root on, "" for the root itself. No descriptor stays open over the descent: a container
  ///              can nest folders deeper than we may have files open.
  void pack_folder(const std::string& path) {
    const std::string shown = path.empty() ? "." : path;
    for (const std::string& name :
         names_in(root_.open(shown, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), shown)) {
      if (name.starts_with(kWhiteoutPrefix)) {
        throw Refused("\"" + path + "/" + name +
                      "\" cannot be in a layer: there the name means a removed file");
      }
      pack(path.empty() ? "" : path + "/", name);
    }
  }

 private:
  void pack(const std::string& folder, const std::string& name) {
    const std::string path = folder + name;
    if (path.size() >= kMaxEntryName)
      throw Refused("\"" + path.substr(0, 60) + "…\": the name is too long for a layer");
    const auto entry = root_.maybe_open(path, O_PATH | O_NOFOLLOW);
    if (!entry) return;  // gone since the folder was read
    struct stat info {};
    check(::fstat(entry->get(), &info), "fstat", path);
    if (S_ISSOCK(info.st_mode)) return;
    if (S_ISCHR(info.st_mode) && info.st_rdev == 0) return add_sign(folder + ".wh." + name, info);
    add_entry(*entry, info, path);
  }

  /// A whiteout: an empty file whose name says it all.
  void add_sign(const std::string& name, const struct stat& info) {
    tar_.add({.name = name, .mode = 0600, .mtime = info.st_mtim.tv_sec});
  }

  void add_entry(const UniqueFd& entry, const struct stat& info, const std::string& path) {
    TarHeader header{.name = path,
                     .type = type_of(info.st_mode),
                     .mode = info.st_mode & kPermissions,
                     .uid = info.st_uid,
                     .gid = info.st_gid,
                     .mtime = info.st_mtim.tv_sec};
    if (S_ISDIR(info.st_mode)) return add_folder(entry, std::move(header), info);
    if (info.st_nlink > 1) {
      const auto [first, is_new] = first_names_.try_emplace({info.st_dev, info.st_ino}, path);
      if (!is_new) return add_hard_link(std::move(header), first->second);
    }
    if (S_ISLNK(info.st_mode)) {
      header.link = read_link(entry, path);
    } else {
      header.xattrs = travelling_xattrs(entry, path).first;
    }
    if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) header.device = info.st_rdev;
    if (S_ISREG(info.st_mode)) return add_file(entry, std::move(header), info);
    tar_.add(header);
  }

  /// \returns what goes into the layer, and whether the folder hides what is below it
  static std::pair<Xattrs, bool> travelling_xattrs(const UniqueFd& entry, const std::string& path) {
    Xattrs xattrs = read_xattrs(entry, path);
    refuse_redirection(xattrs, path);
    const auto opaque = xattrs.find("trusted.overlay.opaque");
    const bool hides = opaque != xattrs.end() && opaque->second == "y";
    std::erase_if(xattrs, [](const auto& one) { return !travels(one.first); });
    return {std::move(xattrs), hides};
  }

  void add_folder(const UniqueFd& entry, TarHeader header, const struct stat& info) {
    const std::string path = header.name;
    auto [xattrs, opaque] = travelling_xattrs(entry, path);
    header.xattrs = std::move(xattrs);
    header.name += "/";
    tar_.add(header);
    if (opaque) add_sign(path + "/" + std::string(kOpaqueName), info);
    pack_folder(path);
  }

  void add_hard_link(TarHeader header, const std::string& first) {
    header.type = '1';
    header.link = first;
    tar_.add(header);
  }

  /// Content as long as it was at first: a log that grows meanwhile is cut there.
  void add_file(const UniqueFd& entry, TarHeader header, const struct stat& info) {
    const std::string path = proc_path(entry);
    const UniqueFd file(check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open", header.name));
    header.size = static_cast<std::uint64_t>(info.st_size);
    tar_.add(header);
    for (std::uint64_t left = header.size; left > 0;) {
      const std::size_t wanted = std::min<std::uint64_t>(left, buffer_.size());
      const ssize_t count =
          check(retry_on_signal([&] { return ::read(file.get(), buffer_.data(), wanted); }), "read",
                header.name);
      if (count == 0) throw std::runtime_error(header.name + " got shorter while it was read");
      tar_.write({buffer_.data(), static_cast<std::size_t>(count)});
      left -= static_cast<std::uint64_t>(count);
    }
  }

  const RootDir& root_;
  TarStream& tar_;
  std::map<std::pair<dev_t, ino_t>, std::string> first_names_;  ///< of files that have several
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
};

}  // namespace

void pack_changes(const RootDir& upper, TarStream& tar) {
  Packer(upper, tar).pack_folder("");
  tar.finish();
}

}  // namespace slipway
