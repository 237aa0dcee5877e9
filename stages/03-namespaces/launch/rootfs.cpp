// Step "rootfs": the container's root, mounted in its own mount namespace.
//
// Where we are: in the child, root, in new namespaces. The new mount namespace began as a copy of
// the host's: all the host's mounts are still here, and "/" is still the host's.

#include <fcntl.h>
#include <sys/stat.h>

#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "03-namespaces/base/annotations.hpp"
#include "03-namespaces/base/detached_mount.hpp"
#include "03-namespaces/base/overlay_root.hpp"
#include "isolation_step.hpp"

namespace slipway {
namespace {

class RootfsStep : public IsolationStep {
 public:
  explicit RootfsStep(SharedRoot root) : IsolationStep("rootfs"), root_(std::move(root)) {}

  void prepare(LaunchContext& context) override {
    if (!makes_namespace(context.spec, "mount")) {
      // Everything from here on would change the host's mount table.
      throw std::runtime_error("linux.namespaces: a container needs a new \"mount\" namespace");
    }
    const JsonFields spec(context.spec);
    path_ = spec.object("root").text("path");
    const JsonFields notes = spec.object("annotations");
    if (!notes.has(kOverlayLower)) return;
    folders_ = {.lower = split_words(notes.text(kOverlayLower), ':'),
                .upper = notes.text(kOverlayUpper),
                .work = notes.text(kOverlayWork)};
  }

  void child(LaunchContext& context) override {
    // Modes are as we give them from here to the step "user".
    ::umask(0);
    detach_from_host(context);
    *root_ = RootDir(folders_.lower.empty() ? mount_plain_folder(context) : mount_layers(context));
  }

  std::string advice(const std::exception& error) const override {
    const auto* failed = dynamic_cast<const SysError*>(&error);
    if (!failed || folders_.lower.empty()) {
      return failed && failed->is(ENOENT) ? "make the folder " + path_ + ", or name another root"
                                          : "";
    }
    return "does the file system of " + folders_.upper +
           " take overlays (not itself one, and with trusted xattrs)? `dmesg | tail` has the "
           "kernel's words";
  }

 private:
  // What the host mounts later still arrives here, but nothing that we mount travels back
  // (invariant 03-I1).
  static void detach_from_host(LaunchContext& context) {
    const auto call =
        context.call("mount_setattr", "MS_SLAVE / and all below", "mount --make-rslave /");
    change_mount(RootDir::at("/").fd(), {.propagation = MS_SLAVE}, true, "/");
  }

  // pivot_root(2) wants a mount, so a plain folder is bound onto itself; without what the host has
  // mounted below it.
  [[nodiscard]] UniqueFd mount_plain_folder(LaunchContext& context) const {
    const auto call = context.call("move_mount", path_ + ": bind of itself", [&] {
      return "ROOT=" + shell_quoted(path_) +
             "; mount --bind $ROOT $ROOT && mount --make-private $ROOT";
    });
    const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    const UniqueFd folder(check(::open(path_.c_str(), flags), "open", path_));
    DetachedMount root = DetachedMount::clone(folder.get(), false, path_);
    root.change({.propagation = MS_PRIVATE}, false, path_);
    root.attach(folder.get(), path_);
    return root.take();
  }

  [[nodiscard]] UniqueFd mount_layers(LaunchContext& context) const {
    const std::size_t layers = folders_.lower.size();
    auto call = context.call(
        "move_mount",
        path_ + ": overlay of " + std::to_string(layers) + (layers == 1 ? " layer" : " layers"),
        [&] {
          return "ROOT=" + shell_quoted(path_) +
                 "; mount -t overlay overlay -o lowerdir=" + join_words(folders_.lower, ':') +
                 ",upperdir=" + folders_.upper + ",workdir=" + folders_.work + " $ROOT";
        });
    MountedOverlay mounted = mount_overlay(folders_, path_);
    call.call(mounted.call);
    return std::move(mounted.root);
  }

  SharedRoot root_;
  std::string path_;
  OverlayFolders folders_;
};

}  // namespace

StepPtr make_rootfs_step(SharedRoot root) { return std::make_unique<RootfsStep>(std::move(root)); }

}  // namespace slipway
