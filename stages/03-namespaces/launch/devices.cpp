// Step "devices": what every program expects in /dev, and of the host's what the spec lists (linux.devices).
// Spec: opencontainers/runtime-spec, config-linux.md "Default Devices"; null(4), tty(4), pts(4)

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "isolation_step.hpp"

namespace slipway {
namespace {

struct Node {
  const char* name;
  unsigned major, minor;
};

constexpr auto kNodes = std::to_array<Node>({{"null", 1, 3},
                                             {"zero", 1, 5},
                                             {"full", 1, 7},
                                             {"random", 1, 8},
                                             {"urandom", 1, 9},
                                             {"tty", 5, 0}});

constexpr auto kLinks =
    std::to_array<std::pair<const char*, const char*>>({{"fd", "/proc/self/fd"},
                                                        {"stdin", "/proc/self/fd/0"},
                                                        {"stdout", "/proc/self/fd/1"},
                                                        {"stderr", "/proc/self/fd/2"},
                                                        {"ptmx", "pts/ptmx"},
                                                        {"core", "/proc/kcore"}});

/// An image without a /dev mount may bring its own nodes. Only the right ones will do: a link or
/// file named "null" would be written to by everybody (CVE-2025-31133 used one).
void make_node(int dev, const Node& node) {
  const dev_t number = makedev(node.major, node.minor);
  if (::mknodat(dev, node.name, S_IFCHR | 0666, number) == 0) return;
  if (errno != EEXIST) throw SysError(errno, "mknodat", std::string("/dev/") + node.name);
  struct stat there {};
  check(::fstatat(dev, node.name, &there, AT_SYMLINK_NOFOLLOW), "fstatat", node.name);
  if (!S_ISCHR(there.st_mode) || there.st_rdev != number) {
    throw std::runtime_error(std::string("the image's /dev/") + node.name + " is not that device");
  }
}

void make_link(int dev, const char* name, const char* target) {
  if (::symlinkat(target, dev, name) == 0 || errno == EEXIST) return;
  throw SysError(errno, "symlinkat", std::string("/dev/") + name);
}

/// One of linux.devices.
struct ListedDevice {
  std::string path;
  mode_t mode = 0;  ///< with its type
  dev_t number = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};

ListedDevice parse_device(const nlohmann::json& entry) {
  const JsonFields fields(entry, "linux.devices");
  const std::string type = fields.text("type");
  if (type != "c" && type != "u" && type != "b" && type != "p") {
    throw std::runtime_error("linux.devices: type \"" + type + "\" is none of c, u, b and p");
  }
  const mode_t kind = type == "b" ? S_IFBLK : type == "p" ? S_IFIFO : S_IFCHR;
  const auto mode = static_cast<mode_t>(fields.integer("fileMode", 0666)) & 07777U;
  return {.path = fields.text("path"),
          .mode = kind | mode,
          .number = type == "p" ? 0
                                : makedev(static_cast<unsigned>(fields.integer("major")),
                                          static_cast<unsigned>(fields.integer("minor"))),
          .uid = static_cast<uid_t>(fields.integer("uid")),
          .gid = static_cast<gid_t>(fields.integer("gid"))};
}

std::string name_of(const ListedDevice& device) {
  return device.path.substr(device.path.rfind('/') + 1) + ": " + device.path;
}

std::string mknod_line(const std::string& path, mode_t mode, dev_t number) {
  char octal[8];
  std::snprintf(octal, sizeof octal, "%o", mode & 07777U);
  const std::string line = "mknod -m " + std::string(octal) + " " + path;
  if (S_ISFIFO(mode)) return line + " p";
  return line + (S_ISBLK(mode) ? " b " : " c ") + std::to_string(major(number)) + " " +
         std::to_string(minor(number));
}

/// Makes the node, or finds that it is there already. The folder is resolved inside the root, and the last name is
/// never followed: an image cannot choose where a device appears.
void make_listed_device(const RootDir& root, const ListedDevice& device) {
  const std::size_t slash = device.path.rfind('/');
  const std::string name = slash == std::string::npos ? "" : device.path.substr(slash + 1);
  if (!device.path.starts_with('/') || name.empty() || name == "." || name == "..") {
    throw std::runtime_error("linux.devices: \"" + device.path +
                             "\" is no absolute path of a file");
  }
  const UniqueFd folder = root.make_folders(device.path.substr(0, slash + 1));
  if (::mknodat(folder.get(), name.c_str(), device.mode, device.number) == 0) {
    check(::fchownat(folder.get(), name.c_str(), device.uid, device.gid, AT_SYMLINK_NOFOLLOW),
          "fchownat", device.path);
    return;
  }
  if (errno != EEXIST) throw SysError(errno, "mknodat", device.path);
  struct stat there {};
  check(::fstatat(folder.get(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW), "fstatat", device.path);
  if ((there.st_mode & S_IFMT) != (device.mode & S_IFMT) || there.st_rdev != device.number) {
    throw std::runtime_error("the container has another file at " + device.path +
                             " where a device was asked for");
  }
}

bool is_bind_of_dev(const nlohmann::json& entry) {
  const JsonFields mount(entry, "mounts");
  const std::vector<std::string> options = mount.texts("options");
  return mount.text("destination") == "/dev" &&
         (mount.text("type") == "bind" || std::ranges::any_of(options, [](const auto& word) {
            return word == "bind" || word == "rbind";
          }));
}

class DevicesStep : public IsolationStep {
 public:
  explicit DevicesStep(SharedRoot root) : IsolationStep("devices"), root_(std::move(root)) {}

  void prepare(LaunchContext& context) override {
    // Whoever binds a /dev gets that one, untouched.
    const JsonFields spec(context.spec);
    wanted_ = std::ranges::none_of(spec.array("mounts"), is_bind_of_dev);
    for (const nlohmann::json& entry : spec.object("linux").array("devices")) {
      listed_.push_back(parse_device(entry));
    }
  }

  void child(LaunchContext& context) override {
    if (wanted_) fill_dev(context);
    for (const ListedDevice& device : listed_) {
      const auto call = context.call("mknodat", name_of(device), [&] {
        return mknod_line("$ROOT" + device.path, device.mode, device.number);
      });
      make_listed_device(*root_, device);
    }
  }

 private:
  void fill_dev(LaunchContext& context) const {
    // An image's /dev that is a link would choose where the nodes go (CVE-2026-41579,
    // CVE-2026-47766).
    const UniqueFd dev = root_->make_ordinary_folders("/dev", "the device folder");
    {
      const auto call = context.call("mknodat", "{null,zero,full,random,urandom,tty} in /dev", [&] {
        std::string line = "cd $ROOT/dev";
        for (const Node& node : kNodes) {
          line += " && " + mknod_line(node.name, S_IFCHR | 0666, makedev(node.major, node.minor));
        }
        return line;
      });
      for (const Node& node : kNodes) make_node(dev.get(), node);
    }
    const auto call = context.call(
        "symlinkat",
        "{/proc/self/fd,/proc/self/fd/0,/proc/self/fd/1,/proc/self/fd/2,pts/ptmx,/proc/kcore} in "
        "/dev",
        [&] {
          std::string line = "cd $ROOT/dev";
          for (const auto& [name, target] : kLinks) {
            line += std::string(" && ln -s ") + target + " " + name;
          }
          return line;
        });
    for (const auto& [name, target] : kLinks) make_link(dev.get(), name, target);
  }

  SharedRoot root_;
  bool wanted_ = true;
  std::vector<ListedDevice> listed_;
};

}  // namespace

StepPtr make_devices_step(SharedRoot root) {
  return std::make_unique<DevicesStep>(std::move(root));
}

}  // namespace slipway
