// Step "limits": what the spec says about the process itself: resource limits (process.rlimits) and
// how readily the kernel kills it when memory is short (process.oomScoreAdj). The shim sets both
// while the child waits: it sees the host's /proc, which no image can fake (CVE-2025-52881).
// prlimit(2), proc(5)
//
// Raising a hard limit and lowering the score need CAP_SYS_RESOURCE. Where the shim has not got it,
// the container starts with what is allowed, and the trace says so.

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "isolation_step.hpp"

namespace slipway {
namespace {

struct Limit {
  int resource;
  std::string_view name;
  rlimit values;
};

constexpr auto kResources = std::to_array<std::pair<std::string_view, int>>({
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
});

Limit parse_limit(const nlohmann::json& entry) {
  const JsonFields fields(entry, "process.rlimits");
  const std::string type = fields.text("type");
  const auto found = std::ranges::find(kResources, type, &std::pair<std::string_view, int>::first);
  if (found == kResources.end())
    throw std::runtime_error("process.rlimits: unknown type \"" + type + "\"");
  // -1 is RLIM_INFINITY, as unsigned and as Docker writes it.
  return {found->second,
          found->first,
          {.rlim_cur = static_cast<rlim_t>(fields.integer("soft")),
           .rlim_max = static_cast<rlim_t>(fields.integer("hard"))}};
}

std::string value_text(rlim_t value) {
  return value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
}

/// prlimit(1)'s options are the names' ends: RLIMIT_NOFILE is --nofile.
std::string by_hand(pid_t pid, const Limit& limit) {
  std::string option(limit.name.substr(std::string_view("RLIMIT_").size()));
  std::ranges::transform(option, option.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return "prlimit --pid " + std::to_string(pid) + " --" + option + "=" +
         value_text(limit.values.rlim_cur) + ":" + value_text(limit.values.rlim_max);
}

class LimitsStep : public IsolationStep {
 public:
  LimitsStep() : IsolationStep("limits") {}

  void prepare(LaunchContext& context) override {
    const JsonFields process = JsonFields(context.spec).object("process");
    for (const nlohmann::json& entry : process.array("rlimits"))
      limits_.push_back(parse_limit(entry));
    score_ = process.maybe_integer("oomScoreAdj");
  }

  void parent(LaunchContext& context) override {
    for (const Limit& limit : limits_) apply(context, limit);
    if (score_) write_score(context);
  }

 private:
  static void apply(LaunchContext& context, const Limit& limit) {
    auto call = context.call("prlimit", limit.name, [&] { return by_hand(context.pid, limit); });
    if (::prlimit(context.pid, static_cast<__rlimit_resource>(limit.resource), &limit.values,
                  nullptr) == 0) {
      return;
    }
    if (errno != EPERM) throw SysError(errno, "prlimit", limit.name);
    rlimit ours{};
    ::prlimit(0, static_cast<__rlimit_resource>(limit.resource), nullptr, &ours);
    const rlimit most{.rlim_cur = std::min(limit.values.rlim_cur, ours.rlim_max),
                      .rlim_max = ours.rlim_max};
    check(::prlimit(context.pid, static_cast<__rlimit_resource>(limit.resource), &most, nullptr),
          "prlimit", limit.name);
    call.result("no CAP_SYS_RESOURCE to raise it: our own hard limit instead, ignoring");
  }

  void write_score(LaunchContext& context) const {
    const std::string path = "/proc/" + std::to_string(context.pid) + "/oom_score_adj";
    const std::string text = std::to_string(*score_);
    auto call =
        context.call("write", path + " " + text, [&] { return "echo " + text + " > " + path; });
    const UniqueFd file(check(::open(path.c_str(), O_WRONLY | O_CLOEXEC), "open", path));
    if (::write(file.get(), text.data(), text.size()) >= 0) return;
    if (errno != EACCES && errno != EPERM) throw SysError(errno, "write", path);
    call.result("no CAP_SYS_RESOURCE to lower it: left as it is, ignoring");
  }

  std::vector<Limit> limits_;
  std::optional<std::int64_t> score_;
};

}  // namespace

StepPtr make_limits_step() { return std::make_unique<LimitsStep>(); }

}  // namespace slipway
