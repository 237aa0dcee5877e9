// Step "devices": what every program expects in /dev, and nothing of the host's.
// Spec: opencontainers/runtime-spec, config-linux.md "Default Devices"; null(4), tty(4), pts(4)

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>

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
    wanted_ = std::ranges::none_of(JsonFields(context.spec).array("mounts"), is_bind_of_dev);
  }

  void child(LaunchContext& context) override {
    if (!wanted_) return;
    // An image's /dev that is a link would choose where the nodes go (CVE-2026-41579,
    // CVE-2026-47766).
    const UniqueFd dev = root_->make_ordinary_folders("/dev", "the device folder");
    {
      const auto call = context.call("mknodat", "/dev/{null,zero,full,random,urandom,tty}");
      for (const Node& node : kNodes) make_node(dev.get(), node);
    }
    const auto call = context.call("symlinkat", "/dev/{fd,stdin,stdout,stderr,ptmx,core}");
    for (const auto& [name, target] : kLinks) make_link(dev.get(), name, target);
  }

 private:
  SharedRoot root_;
  bool wanted_ = true;
};

}  // namespace

StepPtr make_devices_step(SharedRoot root) {
  return std::make_unique<DevicesStep>(std::move(root));
}

}  // namespace slipway
