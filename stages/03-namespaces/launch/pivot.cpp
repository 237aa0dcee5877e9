// Step "pivot": the container's root becomes "/", and the host's tree goes away.
//
// chroot(2) only moves one process's starting point: the host's tree is still mounted, and root can
// walk back to it (the lesson does). pivot_root(2) swaps the root *mount* of the namespace, and
// then the old one is unmounted: there is nothing left to walk to (invariant 03-I3).

#include <fcntl.h>
#include <sys/syscall.h>

#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "03-namespaces/base/detached_mount.hpp"
#include "isolation_step.hpp"

namespace slipway {
namespace {

//@region pivot
/// Makes `root`, the root of a mount, the namespace's "/", and unmounts what was there.
void pivot_to(int root) {
  //@exercise 03.2 Change the root for good
  //@hint  keep a descriptor of the old "/" (O_PATH | O_DIRECTORY), go to the new one with fchdir(2)
  //@hint  pivot_root(".", ".") puts the old root on top of the new one: no folder needed for it
  //@hint  go back by the kept descriptor, umount2(".", MNT_DETACH), and end in "/"
  const UniqueFd old(check(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), "open", "/"));
  check(::fchdir(root), "fchdir", "new root");
  check(::syscall(SYS_pivot_root, ".", "."), "pivot_root", ".");
  // The old root lies on the new one now. All its mounts are slaves since the step "rootfs": the
  // host does not notice.
  check(::fchdir(old.get()), "fchdir", "old root");
  check(::umount2(".", MNT_DETACH), "umount2", "old root");
  check(::chdir("/"), "chdir", "/");
  //@end
}
//@endregion

class PivotStep : public IsolationStep {
 public:
  explicit PivotStep(SharedRoot root) : IsolationStep("pivot"), root_(std::move(root)) {}

  void prepare(LaunchContext& context) override {
    readonly_ = JsonFields(context.spec).object("root").boolean("readonly");
  }

  void child(LaunchContext& context) override {
    {
      const auto call = context.call("pivot_root, umount2",
                                     ". : the container's root becomes /, the host's goes away",
                                     "cd $ROOT && pivot_root . . && umount -l . && cd /");
      pivot_to(root_->fd());
    }
    if (!readonly_) return;
    const auto call =
        context.call("mount_setattr", "MOUNT_ATTR_RDONLY on /", "mount -o remount,bind,ro /");
    change_mount(root_->fd(), {.attr_set = MOUNT_ATTR_RDONLY}, false, "/");
  }

 private:
  SharedRoot root_;
  bool readonly_ = false;
};

}  // namespace

StepPtr make_pivot_step(SharedRoot root) { return std::make_unique<PivotStep>(std::move(root)); }

}  // namespace slipway
