// Step "namespaces": which parts of the kernel's world the container gets for itself.
//
// Most kinds are flags of the clone3(2) that makes the container's first process. The exceptions:
//   - a namespace with a "path" exists already: the child enters it (setns(2));
//   - a pid namespace is entered only by children: for an existing one the shim itself calls setns
//   before it clones;
//   - a cgroup namespace's root is the cgroup that its maker is in at that moment. The clone flag
//   would take the shim's, even
//     with CLONE_INTO_CGROUP, so the child unshares it when it is where it belongs.
// namespaces(7), cgroup_namespaces(7)

#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>

#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "03-namespaces/base/annotations.hpp"
#include "03-namespaces/base/namespace_name.hpp"
#include "isolation_step.hpp"

namespace slipway {
namespace {

struct Kind {
  std::string_view name;  ///< the OCI spec's word
  int flag;
  std::string_view flag_name;
  std::string_view option;  ///< of unshare(1) and nsenter(1)
};

constexpr auto kKinds =
    std::to_array<Kind>({{"mount", CLONE_NEWNS, "CLONE_NEWNS", "--mount"},
                         {"pid", CLONE_NEWPID, "CLONE_NEWPID", "--pid"},
                         {"uts", CLONE_NEWUTS, "CLONE_NEWUTS", "--uts"},
                         {"ipc", CLONE_NEWIPC, "CLONE_NEWIPC", "--ipc"},
                         {"network", CLONE_NEWNET, "CLONE_NEWNET", "--net"},
                         {"cgroup", CLONE_NEWCGROUP, "CLONE_NEWCGROUP", "--cgroup"}});

const Kind& kind_of(const std::string& name) {
  const auto found = std::ranges::find(kKinds, name, &Kind::name);
  if (found == kKinds.end()) {
    throw std::runtime_error("linux.namespaces: type \"" + name + "\" is not supported yet");
  }
  return *found;
}

/// Calls `visit(kind, path)` for each namespace that the spec names; an empty path means a new one.
template <class Visit>
void for_each_namespace(const nlohmann::json& spec, Visit visit) {
  for (const nlohmann::json& entry : JsonFields(spec).object("linux").array("namespaces")) {
    const JsonFields fields(entry, "linux.namespaces");
    visit(fields.text("type"), fields.text("path"));
  }
}

class NamespacesStep : public IsolationStep {
 public:
  NamespacesStep() : IsolationStep("namespaces") {}

  void prepare(LaunchContext& context) override {
    std::string options;  // of unshare(1)
    for_each_namespace(context.spec, [&](const std::string& type, const std::string& path) {
      const Kind& kind = kind_of(type);
      if (!path.empty()) return prepare_to_enter(context, kind, path);
      if (kind.flag == CLONE_NEWCGROUP) {
        new_cgroup_namespace_ = true;
      } else {
        context.clone_flags |= static_cast<std::uint64_t>(kind.flag);
        context.clone_names.append("|").append(kind.flag_name);
        options.append(" ").append(kind.option);
      }
    });
    if (!options.empty()) context.clone_by_hand = "unshare" + options + " --fork sh";
  }

  void child(LaunchContext& context) override {
    keep_to_ourselves(context);
    for (const Entry& entry : entered_) enter(context, entry);
    if (!new_cgroup_namespace_) return;
    const auto call = context.call("unshare", "CLONE_NEWCGROUP", "exec unshare --cgroup sh");
    check(::unshare(CLONE_NEWCGROUP), "unshare", "CLONE_NEWCGROUP");
  }

 private:
  void prepare_to_enter(LaunchContext& context, const Kind& kind, const std::string& path) {
    if (kind.flag == CLONE_NEWNS) {
      throw std::runtime_error("linux.namespaces: entering a mount namespace is not supported yet");
    }
    UniqueFd fd(check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open", path));
    const JsonFields notes = JsonFields(context.spec).object("annotations");
    check_namespace(fd.get(), notes.text(std::string(kDonorAnnotation) + std::string(kind.name)));
    Entry entry{&kind, path, std::move(fd)};
    if (kind.flag == CLONE_NEWPID) return enter(context, entry);
    entered_.push_back(std::move(entry));
  }

  /// A namespace that is there already.
  struct Entry {
    const Kind* kind;
    std::string path;
    UniqueFd fd;
  };

  static void enter(LaunchContext& context, const Entry& entry) {
    const auto call = context.call("setns", entry.kind->flag_name, [&] {
      return "exec nsenter " + std::string(entry.kind->option) + "=" + shell_quoted(entry.path) +
             " sh";
    });
    check(::setns(entry.fd.get(), entry.kind->flag), "setns", entry.kind->flag_name);
  }

  bool new_cgroup_namespace_ = false;
  std::vector<Entry> entered_;
};

}  // namespace

bool makes_namespace(const nlohmann::json& spec, std::string_view kind) {
  bool makes = false;
  for_each_namespace(spec, [&](const std::string& type, const std::string& path) {
    makes = makes || (type == kind && path.empty());
  });
  return makes;
}

bool leaves_namespace(const nlohmann::json& spec, std::string_view kind) {
  bool leaves = false;
  for_each_namespace(
      spec, [&](const std::string& type, const std::string&) { leaves = leaves || type == kind; });
  return leaves;
}

void keep_to_ourselves(LaunchContext& context) {
  {
    const auto call = context.call("prctl", "PR_SET_DUMPABLE 0");
    check(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl", "PR_SET_DUMPABLE");
  }
  const auto call =
      context.call("keyctl", "KEYCTL_JOIN_SESSION_KEYRING: a new one", "exec keyctl session - sh");
  const long ring = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
  if (ring < 0 && errno != ENOSYS) throw SysError(errno, "keyctl", "KEYCTL_JOIN_SESSION_KEYRING");
}

StepPtr make_namespaces_step() { return std::make_unique<NamespacesStep>(); }

}  // namespace slipway
