// Step "hostname": the names of the container's own UTS namespace. uts_namespaces(7)

#include <unistd.h>

#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "isolation_step.hpp"

namespace slipway {
namespace {

class HostnameStep : public IsolationStep {
 public:
  HostnameStep() : IsolationStep("hostname") {}

  void prepare(LaunchContext& context) override {
    const JsonFields spec(context.spec);
    hostname_ = spec.text("hostname");
    domainname_ = spec.text("domainname");
    if (hostname_.empty() && domainname_.empty()) return;
    if (!makes_namespace(context.spec, "uts")) {
      // It would rename the host.
      throw std::runtime_error("a hostname needs a new \"uts\" namespace of its own");
    }
  }

  void child(LaunchContext& context) override {
    if (!hostname_.empty()) {
      const auto call = context.call("sethostname", hostname_,
                                     [&] { return "hostname " + shell_quoted(hostname_); });
      check(::sethostname(hostname_.data(), hostname_.size()), "sethostname", hostname_);
    }
    if (!domainname_.empty()) {
      const auto call = context.call("setdomainname", domainname_, [&] {
        return "echo " + shell_quoted(domainname_) + " > /proc/sys/kernel/domainname";
      });
      check(::setdomainname(domainname_.data(), domainname_.size()), "setdomainname", domainname_);
    }
  }

 private:
  std::string hostname_, domainname_;
};

}  // namespace

StepPtr make_hostname_step() { return std::make_unique<HostnameStep>(); }

}  // namespace slipway
