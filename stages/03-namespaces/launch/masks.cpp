// Step "masks": parts of /proc and /sys know no namespaces. They show the host or change it, so
// they are covered (linux.maskedPaths) or made read-only (linux.readonlyPaths). Spec:
// opencontainers/runtime-spec, config-linux.md "Masked Paths", "Readonly Paths"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <optional>

#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "03-namespaces/base/annotations.hpp"
#include "03-namespaces/base/detached_mount.hpp"
#include "isolation_step.hpp"

namespace slipway {
namespace {

struct stat stat_of(int fd, std::string_view path) {
  struct stat about {};
  check(::fstat(fd, &about), "fstat", path);
  return about;
}

/// The container's /dev/null, and really that: what is checked is the descriptor that gets mounted.
/// By name, an image or a neighbour that shares /dev could have put something else there
/// (CVE-2025-31133).
UniqueFd open_verified_null(const RootDir& root) {
  UniqueFd null = root.open("/dev/null", O_PATH | O_NOFOLLOW);
  const struct stat about = stat_of(null.get(), "/dev/null");
  if (!S_ISCHR(about.st_mode) || about.st_rdev != makedev(1, 3)) {
    throw std::runtime_error("the container's /dev/null is not the null device (1:3)");
  }
  return null;
}

class MasksStep : public IsolationStep {
 public:
  explicit MasksStep(SharedRoot root) : IsolationStep("masks"), root_(std::move(root)) {}

  void prepare(LaunchContext& context) override {
    const JsonFields section = JsonFields(context.spec).object("linux");
    masked_ = section.texts("maskedPaths");
    readonly_ = section.texts("readonlyPaths");
  }

  void child(LaunchContext& context) override {
    if (!masked_.empty()) mask_all(context);
    if (!readonly_.empty()) freeze_all(context);
  }

 private:
  void mask_all(LaunchContext& context) const {
    auto call = context.call("move_mount", "");
    std::vector<std::string> done;  // not every kernel has every path
    //@exercise 03.3 Cover files with /dev/null and folders with an empty read-only file system
    //@hint  root_->maybe_open(path, O_PATH) is empty where this kernel has no such file
    //@hint  one tmpfs is enough: once it is attached, DetachedMount::clone mounts it again
    const UniqueFd null = open_verified_null(*root_);
    std::optional<DetachedMount> empty;
    for (const std::string& path : masked_) {
      const auto target = root_->maybe_open(path, O_PATH);
      if (!target) continue;
      done.push_back(path);
      if (!S_ISDIR(stat_of(target->get(), path).st_mode)) {
        DetachedMount::clone(null.get(), false, path).attach(target->get(), path);
      } else if (empty) {
        DetachedMount::clone(empty->fd(), false, path).attach(target->get(), path);
      } else {
        empty = DetachedMount::filesystem(
            "tmpfs", {{"source", "tmpfs"}, {"nr_inodes", "1"}, {"ro", ""}}, MOUNT_ATTR_RDONLY);
        empty->attach(target->get(), path);
      }
    }
    //@end
    call.arguments("{" + join_words(done, ',') + "}: /dev/null, or an empty folder");
    if (!context.trace.tells_by_hand()) return;
    call.by_hand(for_each(
        done,
        "[ -d $ROOT$p ] && mount -t tmpfs -o ro tmpfs $ROOT$p || mount --bind /dev/null $ROOT$p"));
  }

  void freeze_all(LaunchContext& context) const {
    auto call = context.call("move_mount", "");
    std::vector<std::string> done;
    for (const std::string& path : readonly_) {
      const auto target = root_->maybe_open(path, O_PATH);
      if (!target) continue;
      const DetachedMount same = DetachedMount::clone(target->get(), true, path);
      same.change({.attr_set = MOUNT_ATTR_RDONLY}, true, path);
      same.attach(target->get(), path);
      done.push_back(path);
    }
    call.arguments("{" + join_words(done, ',') + "}: themselves, read-only");
    if (!context.trace.tells_by_hand()) return;
    call.by_hand(
        for_each(done, "mount --rbind $ROOT$p $ROOT$p && mount -o remount,bind,ro $ROOT$p"));
  }

  /// A line of shell that does something for each path.
  static std::string for_each(const std::vector<std::string>& paths, const std::string& command) {
    std::string line = "for p in";
    for (const std::string& path : paths) line += " " + shell_quoted(path);
    return line + "; do " + command + "; done";
  }

  SharedRoot root_;
  std::vector<std::string> masked_, readonly_;
};

}  // namespace

StepPtr make_masks_step(SharedRoot root) { return std::make_unique<MasksStep>(std::move(root)); }

}  // namespace slipway
