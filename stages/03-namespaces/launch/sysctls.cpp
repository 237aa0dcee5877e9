// Step "sysctls": kernel settings of the container's own namespaces (linux.sysctl).
//
// The child writes them, because it is in the namespaces; and through a procfs of its own that no path leads to. The
// one at /proc could be covered by a mount, and the write would go to another file (CVE-2025-52881).
// proc_sys(5), namespaces(7)

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <algorithm>
#include <map>

#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "03-namespaces/base/detached_mount.hpp"
#include "03-namespaces/base/sysctl_rules.hpp"
#include "isolation_step.hpp"

namespace slipway {
namespace {

DetachedMount private_procfs() {
  return DetachedMount::filesystem("proc", {},
                                   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV);
}

//@region setting
/// No link, no mount and no ".." on the way; what was opened is a file of procfs.
UniqueFd open_setting(int proc, const std::string& path) {
  open_how how{};
  how.flags = O_WRONLY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  UniqueFd file(static_cast<int>(
      check(::syscall(SYS_openat2, proc, path.c_str(), &how, sizeof how), "openat2", path)));
  struct statfs about {};
  check(::fstatfs(file.get(), &about), "fstatfs", path);
  if (about.f_type != PROC_SUPER_MAGIC) throw std::runtime_error(path + " is no file of procfs");
  return file;
}
//@endregion

class SysctlsStep : public IsolationStep {
 public:
  SysctlsStep() : IsolationStep("sysctls") {}

  void prepare(LaunchContext& context) override {
    settings_ = JsonFields(context.spec).object("linux").text_map("sysctl");
    for (const auto& [name, value] : settings_) {
      check_sysctl(name, value,
                   [&](std::string_view kind) { return leaves_namespace(context.spec, kind); });
    }
  }

  void child(LaunchContext& context) override {
    if (settings_.empty()) return;
    const DetachedMount proc = private_procfs();
    for (const auto& [name, value] : settings_) {
      std::string path = "sys/" + name;
      std::ranges::replace(path, '.', '/');
      const auto call = context.call("write", "/" + path + " " + value, [&] {
        return "sysctl -w " + shell_quoted(name + "=" + value);
      });
      write_setting(proc.fd(), path, value);
    }
  }

  std::string advice(const std::exception& /*error*/) const override {
    return "`sysctl -a` on a host shows the names and values that this kernel knows";
  }

 private:
  static void write_setting(int proc, const std::string& path, const std::string& value) {
    try {
      const UniqueFd file = open_setting(proc, path);
      check(::write(file.get(), value.data(), value.size()), "write", "/proc/" + path);
    } catch (const SysError& error) {
      // The client asked for something that this kernel has not got, or a value that it does not take.
      throw CommandError("sysctl: " + std::string(error.what()));
    }
  }

  std::map<std::string, std::string> settings_;
};

}  // namespace

StepPtr make_sysctls_step() { return std::make_unique<SysctlsStep>(); }

}  // namespace slipway
