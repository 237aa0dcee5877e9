// Step "console": /dev/console is the container's terminal, if it has one. It is the descriptor that
// gets mounted, not a name in /dev/pts, which could have become another file (CVE-2025-52565).

#include <fcntl.h>
#include <unistd.h>

#include "01-cli-socket/json_fields.hpp"
#include "03-namespaces/base/detached_mount.hpp"
#include "isolation_step.hpp"

namespace slipway {
namespace {

class ConsoleStep : public IsolationStep {
 public:
  ConsoleStep() : IsolationStep("console") {}

  void prepare(LaunchContext& context) override {
    wanted_ = JsonFields(context.spec).object("process").boolean("terminal");
  }

  void child(LaunchContext& context) override {
    if (!wanted_) return;
    const auto call = context.call("move_mount", "/dev/console: the terminal",
                                   "touch /dev/console && mount --bind $(tty) /dev/console");
    const RootDir root = RootDir::at("/");
    const UniqueFd place = root.make_file("/dev/console");
    DetachedMount::clone(STDIN_FILENO, false, "the terminal").attach(place.get(), "/dev/console");
  }

 private:
  bool wanted_ = false;
};

}  // namespace

StepPtr make_console_step() { return std::make_unique<ConsoleStep>(); }

}  // namespace slipway
