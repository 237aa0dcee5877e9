#include "mount_options.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace slipway {
namespace {

struct Attribute {
  std::string_view name;
  std::uint64_t set, clear;
};

// The access time modes are values of one field: setting one means clearing the field first.
constexpr auto kAttributes = std::to_array<Attribute>({
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"defaults", 0, 0},
});

struct Propagation {
  std::string_view name;
  std::uint64_t value;
};

constexpr auto kPropagations = std::to_array<Propagation>({{"private", MS_PRIVATE},
                                                           {"slave", MS_SLAVE},
                                                           {"shared", MS_SHARED},
                                                           {"unbindable", MS_UNBINDABLE}});

bool take_attribute(std::string_view option, MountOptions& into) {
  const auto found = std::ranges::find(kAttributes, option, &Attribute::name);
  if (found == kAttributes.end()) return false;
  into.set = (into.set & ~found->clear) | found->set;
  into.clear = (into.clear & ~found->set) | found->clear;
  return true;
}

/// "rro": the same for the mount and all below it.
bool take_recursive_attribute(std::string_view option, MountOptions& into) {
  if (!option.starts_with('r')) return false;
  const auto found = std::ranges::find(kAttributes, option.substr(1), &Attribute::name);
  if (found == kAttributes.end() || found->set == 0 || found->clear != 0) return false;
  into.set_below |= found->set;
  return true;
}

bool take_propagation(std::string_view option, MountOptions& into) {
  const bool recursive = option.starts_with('r');
  const std::string_view name = recursive ? option.substr(1) : option;
  const auto found = std::ranges::find(kPropagations, name, &Propagation::name);
  if (found == kPropagations.end()) return false;
  into.propagation = found->value;
  into.propagation_recursive = recursive;
  return true;
}

bool take_bind(std::string_view option, MountOptions& into) {
  if (option != "bind" && option != "rbind") return false;
  into.bind = true;
  into.recursive = option == "rbind";
  return true;
}

}  // namespace

MountOptions parse_mount_options(const std::vector<std::string>& options) {
  MountOptions parsed;
  for (const std::string& option : options) {
    if (take_attribute(option, parsed) || take_recursive_attribute(option, parsed) ||
        take_propagation(option, parsed) || take_bind(option, parsed)) {
      continue;
    }
    const std::size_t equals = option.find('=');
    const bool bare = equals == std::string::npos;
    parsed.parameters.emplace_back(option.substr(0, equals), bare ? "" : option.substr(equals + 1));
  }
  return parsed;
}

}  // namespace slipway
