#include "restart_policy.hpp"

#include <algorithm>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"

namespace slipway {
namespace {

using Kind = RestartPolicy::Kind;
using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{60'000};
constexpr std::chrono::seconds kGoodRun{10};

Kind kind_of(const std::string& name) {
  if (name.empty() || name == "no") return Kind::no;
  if (name == "always") return Kind::always;
  if (name == "on-failure") return Kind::on_failure;
  if (name == "unless-stopped") return Kind::unless_stopped;
  throw bad_request("invalid restart policy: unknown policy '" + name +
                    "'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'");
}

void check_retries(const std::string& name, const RestartPolicy& policy) {
  const bool negative = policy.retries < 0;
  if (policy.kind == Kind::on_failure) {
    if (negative)
      throw bad_request("invalid restart policy: maximum retry count cannot be negative");
    return;
  }
  // Docker before 25 sent a nameless policy with any count for "none".
  if (policy.retries == 0 || name.empty()) return;
  throw bad_request(
      std::string(
          "invalid restart policy: maximum retry count can only be used with 'on-failure'") +
      (negative ? " and cannot be negative" : ""));
}

}  // namespace

RestartPolicy restart_policy_of(const nlohmann::json& host_config) {
  const JsonFields host(host_config, "HostConfig");
  const JsonFields fields = host.object("RestartPolicy");
  const std::string name = fields.text("Name");
  const RestartPolicy policy{.kind = kind_of(name), .retries = fields.integer("MaximumRetryCount")};
  check_retries(name, policy);
  if (host.boolean("AutoRemove") && policy.kind != Kind::no) {
    throw bad_request("can't create 'AutoRemove' container with restart policy");
  }
  return policy;
}

bool wants_restart(const RestartPolicy& policy, const EndedRun& run) {
  switch (policy.kind) {
    case Kind::always:
      return true;
    case Kind::unless_stopped:
      return !run.stopped;
    case Kind::on_failure:
      return run.exit_code != 0 && (policy.retries == 0 || run.restarts_before < policy.retries);
    case Kind::no:
      break;
  }
  return false;
}

bool wants_start_with_engine(const RestartPolicy& policy, const EndedRun& run) {
  return wants_restart(policy, run) && (policy.kind == Kind::always || !run.stopped);
}

milliseconds next_pause(milliseconds last, std::chrono::nanoseconds ran) {
  if (last == milliseconds(0) || ran >= kGoodRun) return kFirstPause;
  return std::min(last * 2, kLongestPause);
}

}  // namespace slipway
