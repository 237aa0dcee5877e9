#include "foreign_mount.hpp"

#include <fcntl.h>
#include <sched.h>

#include <algorithm>

#include "01-cli-socket/sys_error.hpp"
#include "namespace_name.hpp"

namespace slipway {
namespace {

constexpr std::string_view kProc = "/proc/";
constexpr std::string_view kRoot = "/root/";

/// Where the pid ends in "/proc/42/root/…"; 0 if the path is no such path.
std::size_t end_of_pid(const std::string& path) {
  if (!path.starts_with(kProc)) return 0;
  const auto begin = path.begin() + static_cast<std::ptrdiff_t>(kProc.size());
  const auto end = std::find_if(begin, path.end(), [](char c) { return c < '0' || c > '9'; });
  const auto at = static_cast<std::size_t>(end - path.begin());
  return end != begin && std::string_view(path).substr(at).starts_with(kRoot) ? at : 0;
}

UniqueFd open_namespace(const std::string& path) {
  return UniqueFd(check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open", path));
}

void enter(const UniqueFd& mounts, std::string_view whose) {
  check(::setns(mounts.get(), CLONE_NEWNS), "setns", whose);
}

/// Comes back at the end of its life, whatever happened meanwhile.
class Visit {
 public:
  explicit Visit(const UniqueFd& there) : home_(open_namespace("/proc/self/ns/mnt")) {
    enter(there, "the other container's mount namespace");
  }
  ~Visit() {
    // Failing to come back would leave us in a stranger's tree; pivot_root then refuses to go on.
    static_cast<void>(::setns(home_.get(), CLONE_NEWNS));
  }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

 private:
  UniqueFd home_;
};

}  // namespace

bool is_in_another_namespace(const std::string& path) { return end_of_pid(path) > 0; }

DetachedMount clone_from_namespace(const std::string& path, const std::string& expected) {
  const std::size_t end = end_of_pid(path);
  const UniqueFd there = open_namespace(path.substr(0, end) + "/ns/mnt");
  check_namespace(there.get(), expected);
  const std::string inside = path.substr(end + kRoot.size() - 1);
  const Visit visit(there);
  const UniqueFd folder(
      check(::open(inside.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), "open", inside));
  return DetachedMount::clone(folder.get(), false, path);
}

}  // namespace slipway
