#include "detached_mount.hpp"

#include <fcntl.h>

#include <array>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {

NewFilesystem::NewFilesystem(const std::string& type)
    : type_(type), context_(check(::fsopen(type.c_str(), FSOPEN_CLOEXEC), "fsopen", type)) {}

bool NewFilesystem::try_set(const std::string& key, const std::string& value) {
  const bool bare = value.empty();
  const unsigned command = bare ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
  return ::fsconfig(context_.get(), command, key.c_str(), bare ? nullptr : value.c_str(), 0) == 0;
}

void NewFilesystem::set(const std::string& key, const std::string& value) {
  if (!try_set(key, value)) fail("fsconfig", key + "=" + value);
}

DetachedMount NewFilesystem::mount(std::uint64_t attributes) {
  if (::fsconfig(context_.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0)
    fail("fsconfig", "create");
  const int mount = ::fsmount(context_.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes));
  if (mount < 0) fail("fsmount", "");
  return DetachedMount(UniqueFd(mount));
}

// The context is readable: the kernel's own words, a message per read, "e " before an error.
void NewFilesystem::fail(std::string_view call, std::string_view about) {
  const int error = errno;
  std::string text = type_ + (about.empty() ? "" : " " + std::string(about));
  std::array<char, 256> message{};
  for (ssize_t size; (size = ::read(context_.get(), message.data(), message.size())) > 0;) {
    std::string_view line(message.data(), static_cast<std::size_t>(size));
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.starts_with("e ")) text.append(" (").append(line.substr(2)).append(")");
  }
  throw SysError(error, call, text);
}

DetachedMount DetachedMount::filesystem(const std::string& type, const FsParameters& parameters,
                                        std::uint64_t attributes) {
  NewFilesystem filesystem(type);
  for (const auto& [key, value] : parameters) filesystem.set(key, value);
  return filesystem.mount(attributes);
}

DetachedMount DetachedMount::clone(int file, bool recursive, std::string_view what) {
  const unsigned flags =
      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U);
  return DetachedMount(UniqueFd(check(::open_tree(file, "", flags), "open_tree", what)));
}

void DetachedMount::change(const mount_attr& attributes, bool recursive,
                           std::string_view what) const {
  change_mount(fd(), attributes, recursive, what);
}

void DetachedMount::attach(int target, std::string_view what) const {
  const unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  check(::move_mount(fd(), "", target, "", flags), "move_mount", what);
}

void change_mount(int mount, const mount_attr& attributes, bool recursive, std::string_view what) {
  mount_attr copy = attributes;  // the call's parameter is not const
  const unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U);
  check(::mount_setattr(mount, "", flags, &copy, sizeof copy), "mount_setattr", what);
}

}  // namespace slipway
