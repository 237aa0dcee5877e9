// Step "loopback": a new network namespace holds one device, lo, and it is down. Programs expect
// 127.0.0.1 to answer, so it comes up; nothing else leads out. netdevice(7)

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "01-cli-socket/sys_error.hpp"
#include "isolation_step.hpp"

namespace slipway {
namespace {

class LoopbackStep : public IsolationStep {
 public:
  LoopbackStep() : IsolationStep("loopback") {}

  void child(LaunchContext& context) override {
    if (!makes_namespace(context.spec, "network")) return;
    const auto call = context.call("ioctl", "SIOCSIFFLAGS lo up", "ip link set lo up");
    const UniqueFd socket(
        check(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket", "AF_INET"));
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    check(::ioctl(socket.get(), SIOCGIFFLAGS, &request), "ioctl SIOCGIFFLAGS", "lo");
    request.ifr_flags |= IFF_UP;
    check(::ioctl(socket.get(), SIOCSIFFLAGS, &request), "ioctl SIOCSIFFLAGS", "lo");
  }
};

}  // namespace

StepPtr make_loopback_step() { return std::make_unique<LoopbackStep>(); }

}  // namespace slipway
