// Step "join": the way into a container that runs already, for exec.
//
// A pidfd of the container's first process names all its namespaces at once (setns(2), Linux 5.8),
// and no process that got its pid number since (invariant 03-I9). Entering the mount namespace makes the container's
// root our "/" and our working directory. The pid namespace is entered by children only, so the
// process that runs the command is born afterwards, and has nothing of the host's from its first
// moment on: runc's helper did (CVE-2016-9962, CVE-2024-21626).

#include <sched.h>

#include "01-cli-socket/sys_error.hpp"
#include "isolation_step.hpp"

namespace slipway {
namespace {

constexpr int kAllKinds =
    CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP;

class JoinStep : public IsolationStep {
 public:
  JoinStep() : IsolationStep("join") {}

  //@region join
  void child(LaunchContext& context) override {
    keep_to_ourselves(context);
    {
      const auto call = context.call(
          "setns",
          "CLONE_NEWNS|CLONE_NEWPID|CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWNET|CLONE_NEWCGROUP", [&] {
            return "exec nsenter --target " + std::to_string(context.container_pid) +
                   " --mount --pid --uts --ipc --net --cgroup sh";
          });
      check(::setns(context.container_pidfd, kAllKinds), "setns", "the container's namespaces");
    }
    const auto call = context.call("clone3", "CLONE_PARENT, in the container's pid namespace",
                                   "sh &  # nsenter has done so already: only children are in it");
    context.go_on_as_new_process();
  }
  //@endregion
};

}  // namespace

StepPtr make_join_step() { return std::make_unique<JoinStep>(); }

}  // namespace slipway
