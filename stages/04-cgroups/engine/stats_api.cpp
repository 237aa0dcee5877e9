#include "stats_api.hpp"

#include <poll.h>

#include "01-cli-socket/api_error.hpp"
#include "02-daemon/engine/containers.hpp"
#include "cgroup_module.hpp"
#include "stats_view.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr int kSecondMs = 1000;

/// Waits; false if the client has left meanwhile, or the server is stopping, which closes its connections.
bool wait_for_next(const Exchange& exchange) {
  pollfd connection{.fd = exchange.fd(), .events = 0, .revents = 0};
  return ::poll(&connection, 1, kSecondMs) == 0;
}

/// Takes looks at one container.
class Looker {
 public:
  Looker(const Container& container, const CgroupModule& cgroups)
      : container_(container), cgroups_(cgroups) {}

  [[nodiscard]] bool gone() const {
    const std::scoped_lock lock(container_.mutex);
    return container_.state.removed;
  }
  [[nodiscard]] bool runs() const { return pid() > 0; }

  [[nodiscard]] StatsSample look() const {
    const pid_t first = pid();
    if (first == 0) return no_stats();
    return stats_sample(cgroups_.cgroup_of(container_.record)->figures(), cgroups_.unified(),
                        first);
  }

  [[nodiscard]] json answer(const StatsSample& now, const StatsSample& before) const {
    return stats_answer(now, before, container_.record.id, container_.record.name);
  }

 private:
  [[nodiscard]] pid_t pid() const {
    const std::scoped_lock lock(container_.mutex);
    const Status status = container_.state.status;
    return status == Status::running || status == Status::paused ? container_.state.pid : 0;
  }

  const Container& container_;
  const CgroupModule& cgroups_;
};

void answer_once(Exchange& exchange, const Looker& looker, bool one_look) {
  StatsSample before = no_stats();
  if (!one_look && looker.runs()) {
    before = looker.look();
    if (!wait_for_next(exchange)) return;
  }
  const StatsSample now = looker.look();
  if (now.time == kNever) before = no_stats();
  exchange.respond(json_response(200, looker.answer(now, before)));
}

void answer_each_second(Exchange& exchange, const Looker& looker) {
  exchange.begin_stream({.status = 200, .headers = {{"Content-Type", "application/json"}}});
  StatsSample before = no_stats();
  do {
    StatsSample now = looker.look();
    exchange.write_chunk(dump_json(looker.answer(now, before)) + "\n");
    before = std::move(now);
  } while (wait_for_next(exchange) && !looker.gone());
  exchange.end_stream();
}

}  // namespace

void serve_stats(Exchange& exchange, const ContainerTable& containers,
                 const CgroupModule& cgroups) {
  const HttpQuery& query = exchange.request().query;
  const bool stream = query.flag("stream", true);
  const bool one_look = query.flag("one-shot");
  if (stream && one_look) throw bad_request("cannot have stream=true and one-shot=true");
  const ContainerPtr container = containers.find(exchange.parameter("id"));
  const Looker looker(*container, cgroups);
  stream ? answer_each_second(exchange, looker) : answer_once(exchange, looker, one_look);
}

}  // namespace slipway
