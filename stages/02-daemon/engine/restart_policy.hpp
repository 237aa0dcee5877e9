#pragma once
/// \file
/// HostConfig.RestartPolicy: which ends of a container are followed by a new start, and when.

#include <chrono>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace slipway {

struct RestartPolicy {
  enum class Kind { no, on_failure, unless_stopped, always };
  Kind kind = Kind::no;
  long retries = 0;  ///< of on_failure: how often at most; 0: no limit
};

/// \throws ApiError 400 in docker's words: an unknown policy, a retry count that cannot be, a policy for a container that
/// is to remove itself
RestartPolicy restart_policy_of(const nlohmann::json& host_config);

/// What there is to know of a run that has ended.
struct EndedRun {
  int exit_code = 0;
  bool stopped = false;     ///< somebody sent it a signal: `stop`, `kill`
  int restarts_before = 0;  ///< how often the policy has started it already
};

/// Whether the policy wants it to run again.
bool wants_restart(const RestartPolicy& policy, const EndedRun& run);
/// The same when an engine starts and finds it ended: what somebody stopped stays down, unless it is to run `always`.
bool wants_start_with_engine(const RestartPolicy& policy, const EndedRun& run);

/// How long to wait before the next start: 100 ms, doubled each time up to a minute; a run of ten seconds or more begins
/// anew. \param last  the last pause; 0 if there was none
std::chrono::milliseconds next_pause(std::chrono::milliseconds last, std::chrono::nanoseconds ran);

}  // namespace slipway
