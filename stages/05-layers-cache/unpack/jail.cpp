#include "jail.hpp"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "01-cli-socket/sys_error.hpp"
#include "03-namespaces/base/capabilities.hpp"

namespace slipway {
namespace {

constexpr std::uint64_t kAddressSpace = 1ULL << 30;  // xz alone may want 65 MiB, zstd 128 MiB
constexpr std::uint64_t kOpenFiles = 64;

/// A copy of the folder's mount that is in no namespace yet; programs and devices in it are dead.
/// Private: a copy of a shared mount, and systemd shares them all, would be shared as well, which
/// pivot_root(2) does not take.
UniqueFd detached_copy(int folder) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
  UniqueFd tree(check(::open_tree(folder, "", flags), "open_tree", "staging folder"));
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  attributes.propagation = MS_PRIVATE;
  check(::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes),
        "mount_setattr", "staging folder");
  return tree;
}

/// Makes the folder this process's whole file system. pivot_root(2), "pivot_root(".", ".")".
void move_root_into(UniqueFd folder) {
  // First the copy: from a namespace of our own we could not clone a mount that belongs to the old one.
  const UniqueFd tree = detached_copy(folder.get());
  check(::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS), "unshare");
  check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount", "/ as private");
  check(::move_mount(tree.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), "move_mount", "/");
  check(::fchdir(tree.get()), "fchdir", "staging folder");
  check(::syscall(SYS_pivot_root, ".", "."), "pivot_root", "staging folder");
  check(::umount2(".", MNT_DETACH), "umount2", "old root");
  check(::chdir("/"), "chdir", "/");
}

void limit(int resource, std::uint64_t value, const char* name) {
  rlimit now{};
  check(::getrlimit(static_cast<__rlimit_resource_t>(resource), &now), "getrlimit", name);
  const rlim_t wanted = std::min<rlim_t>(value, now.rlim_max);
  const rlimit lower{.rlim_cur = wanted, .rlim_max = wanted};
  check(::setrlimit(static_cast<__rlimit_resource_t>(resource), &lower), "setrlimit", name);
}

void limit_resources(std::uint64_t file_size) {
#ifndef __SANITIZE_ADDRESS__  // its shadow memory alone is terabytes of address space
  limit(RLIMIT_AS, kAddressSpace, "RLIMIT_AS");
#endif
  limit(RLIMIT_FSIZE, file_size, "RLIMIT_FSIZE");
  limit(RLIMIT_NOFILE, kOpenFiles, "RLIMIT_NOFILE");
  limit(RLIMIT_CORE, 0, "RLIMIT_CORE");
}

void drop_capabilities(JailWork work) {
  CapabilitySet keep = 0;
  if (work == JailWork::write_any_files) {
    keep = parse_capabilities({"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID",
                               "CAP_SETFCAP", "CAP_SYS_ADMIN"});
  }
  drop_bounding_set(keep);
  set_capabilities({.bounding = keep, .effective = keep, .permitted = keep});
  check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl", "PR_SET_NO_NEW_PRIVS");
}

struct FreeFilter {
  void operator()(void* filter) const noexcept { ::seccomp_release(filter); }
};

/// libseccomp's functions return the error as a negative number in place of setting errno.
void check_seccomp(int result, const char* operation) {
  if (result < 0) throw SysError(-result, operation);
}

/// All that reading a stream and writing files needs. Everything else fails with EPERM; among it mount, setns, ptrace,
/// kill, socket, bpf, ioctl and execve.
void filter_system_calls() {
  const std::unique_ptr<void, FreeFilter> filter(::seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) throw std::bad_alloc();
  for (const int call : {SCMP_SYS(read),         SCMP_SYS(pwrite64),
                         SCMP_SYS(lseek),        SCMP_SYS(close),
                         SCMP_SYS(dup),          SCMP_SYS(fcntl),
                         SCMP_SYS(openat),       SCMP_SYS(openat2),
                         SCMP_SYS(fstat),        SCMP_SYS(newfstatat),
                         SCMP_SYS(getdents64),   SCMP_SYS(mkdirat),
                         SCMP_SYS(mknodat),      SCMP_SYS(symlinkat),
                         SCMP_SYS(linkat),       SCMP_SYS(unlinkat),
                         SCMP_SYS(fchown),       SCMP_SYS(fchownat),
                         SCMP_SYS(fchmod),       SCMP_SYS(fchmodat),
                         SCMP_SYS(fsetxattr),    SCMP_SYS(utimensat),
                         SCMP_SYS(ftruncate),    SCMP_SYS(brk),
                         SCMP_SYS(mmap),         SCMP_SYS(munmap),
                         SCMP_SYS(mremap),       SCMP_SYS(madvise),
                         SCMP_SYS(futex),        SCMP_SYS(clock_gettime),
                         SCMP_SYS(getrandom),    SCMP_SYS(rt_sigprocmask),
                         SCMP_SYS(rt_sigreturn), SCMP_SYS(exit),
                         SCMP_SYS(exit_group)}) {
    check_seccomp(::seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0), "seccomp_rule_add");
  }
  check_seccomp(::seccomp_load(filter.get()), "seccomp_load");
}

}  // namespace

UniqueFd enter_jail(UniqueFd folder, JailWork work, std::uint64_t file_size) {
  check(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "prctl", "PR_SET_PDEATHSIG");
  move_root_into(std::move(folder));
  UniqueFd root(check(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), "open", "/"));
  limit_resources(file_size);
  drop_capabilities(work);
#ifndef __SANITIZE_ADDRESS__  // needs system calls of its own
  filter_system_calls();
#endif
  return root;
}

}  // namespace slipway
