// Requests that end a container or wait for its end. That somebody wants it down is on disk before the signal goes out: an
// engine that is started again must not bring it back.

#include <signal.h>

#include <chrono>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "02-daemon/base/signals.hpp"
#include "engine.hpp"
#include "restart_policy.hpp"

namespace slipway {
namespace {

constexpr int kKillPatienceSeconds = 10;
constexpr int kDefaultStopSeconds = 10;

std::string stop_signal_of(const Container& container) {
  return JsonFields(container.record.config, "Config").text("StopSignal");
}

/// Docker's rule: SIGKILL and the container's own stop signal end it for good; so does any other, if the container has
/// not said which one is its own.
bool is_to_end_it(const Container& container, int signal) {
  const std::string own = stop_signal_of(container);
  return signal == SIGKILL || own.empty() || parse_signal(own) == signal;
}

/// Only these policies ask whether somebody stopped it.
bool policy_asks(const ContainerRecord& record) {
  using Kind = RestartPolicy::Kind;
  const Kind kind = restart_policy_of(record.host_config).kind;
  return kind == Kind::unless_stopped || kind == Kind::on_failure;
}

/// What the engine did at the end that was waited for.
void tell_end(const Container& container, Trace& trace) {
  const std::scoped_lock lock(container.mutex);
  trace.add(container.exit_steps);
}

}  // namespace

/// The policy was about to start it: now it is not, and that is its end.
void Engine::call_off_restart(Container& container, Trace& trace) {
  ContainerState& state = container.state;
  if (policy_asks(container.record))
    note_stop(container.record.id, {state.started_at, true}, trace);
  state.status = Status::exited;
  state.stopped = state.kept_down = true;
  --state
        .restart_count;  // it was counted when the pause began, and never came; the ledger does not know of it
  ++state.exits;
  container.changed.notify_all();
}

/// \returns the number of ends so far: what to wait for the next one by
std::uint64_t Engine::send_signal_by_hand(Container& container, std::unique_lock<std::mutex>& lock,
                                          int signal, Trace& trace) {
  ContainerState& state = container.state;
  state.stopped = true;
  const bool to_end_it = is_to_end_it(container, signal);
  if (to_end_it) state.kept_down = true;
  const StopNote note{state.started_at, state.kept_down};
  const std::uint64_t exits = state.exits;
  lock.unlock();
  if (policy_asks(container.record)) note_stop(container.record.id, note, trace);
  supervisor_.kill(container.record.id, note.run, signal, trace);
  events_.publish(container, "kill", {{"signal", std::to_string(signal)}});
  if (to_end_it) wake(container);
  return exits;
}

/// A signal waits for a paused process until it goes on.
void Engine::wake(Container& container) noexcept {
  {
    const std::scoped_lock lock(container.mutex);
    if (container.state.status != Status::paused) return;
    container.state.status = Status::running;
  }
  for (const auto& module : modules_) module->resume(container.record);
  events_.publish(container, "unpause");
}

/// A full disk must not keep anybody from stopping a container.
void Engine::note_stop(const std::string& id, const StopNote& note, Trace& trace) noexcept {
  try {
    const std::string file = store_.stop_file(id);
    const auto step = trace.begin("02", "stopped", "rename", file, [&] {
      return "echo " + note.run + " > " + file + "; sync " + file;
    });
    store_.note_stop(id, note);
  } catch (const std::exception& error) {
    log_line(LogLevel::error,
             "container " + id + ": that it was stopped is not recorded: " + error.what());
  }
}

bool Engine::has_ended_after(const Container& container, std::uint64_t exits,
                             std::optional<long> seconds,
                             const std::function<bool()>& keep_waiting) const {
  std::unique_lock lock(container.mutex);
  const auto ended = [&] { return container.state.exits > exits; };
  for (long waited = 0; !seconds || waited < *seconds; ++waited) {
    if (container.changed.wait_for(lock, std::chrono::seconds(1), ended)) return true;
    if (!keep_waiting()) {
      throw ApiError(503, "container " + container.record.id + " has not stopped yet");
    }
  }
  return ended();
}

void Engine::kill(const std::string& reference, int signal, Trace& trace,
                  const std::function<bool()>& keep_waiting) {
  ContainerPtr container;
  try {
    container = containers_.find(reference);
  } catch (const ApiError& error) {
    throw ApiError(error.status(), "cannot kill container: " + reference + ": " + error.what());
  }
  std::unique_lock lock(container->mutex);
  wait_until_settled(*container, lock);
  require_allowed(Request::kill, *container, reference);
  if (container->state.status == Status::restarting) return call_off_restart(*container, trace);
  std::uint64_t exits = 0;
  try {
    exits = send_signal_by_hand(*container, lock, signal, trace);
  } catch (const ApiError& error) {
    // It has ended, and the news of it are on their way to us.
    if (error.status() != 409 && error.status() != 404) throw;
    throw conflict(refusal_words(ruling(Request::kill, Status::exited), *container, reference));
  }
  if (signal != SIGKILL) return;
  if (has_ended_after(*container, exits, kKillPatienceSeconds, keep_waiting)) {
    tell_end(*container, trace);
  }
}

/// Asks, waits, kills. The lock is held on entry; the container is up.
void Engine::end_by_hand(Container& container, std::unique_lock<std::mutex>& lock,
                         std::optional<long> seconds, std::optional<int> signal, Trace& trace,
                         const std::function<bool()>& keep_waiting) {
  if (container.state.status == Status::restarting) return call_off_restart(container, trace);
  const std::string own = stop_signal_of(container);
  const int first = signal.value_or(parse_signal(own.empty() ? "TERM" : own));
  const long patience = seconds.value_or(JsonFields(container.record.config, "Config")
                                             .maybe_integer("StopTimeout")
                                             .value_or(kDefaultStopSeconds));
  container.state.kept_down = true;
  const std::uint64_t exits = container.state.exits;
  const auto ended_after = [&](int sent, std::optional<long> wait_seconds) {
    try {
      send_signal_by_hand(container, lock, sent, trace);
    } catch (const ApiError& error) {  // it has ended already
      if (error.status() != 404 && error.status() != 409) throw;
    }
    if (!has_ended_after(container, exits, wait_seconds, keep_waiting)) return false;
    tell_end(container, trace);
    return true;
  };
  if (ended_after(first, patience < 0 ? std::nullopt : std::optional(patience))) return;
  lock.lock();
  if (ended_after(SIGKILL, kKillPatienceSeconds)) return;
  throw std::runtime_error("container " + container.record.id + " did not end within " +
                           std::to_string(kKillPatienceSeconds) + " seconds of SIGKILL");
}

void Engine::stop(const std::string& reference, std::optional<long> seconds,
                  std::optional<int> signal, Trace& trace,
                  const std::function<bool()>& keep_waiting) {
  const ContainerPtr container = containers_.find(reference);
  std::unique_lock lock(container->mutex);
  wait_until_settled(*container, lock);
  require_allowed(Request::stop, *container, reference);
  end_by_hand(*container, lock, seconds, signal, trace, keep_waiting);
  events_.publish(*container, "stop");
}

void Engine::restart(const std::string& reference, std::optional<long> seconds,
                     std::optional<int> signal, Trace& trace,
                     const std::function<bool()>& keep_waiting) {
  const ContainerPtr container = containers_.find(reference);
  {
    std::unique_lock lock(container->mutex);
    wait_until_settled(*container, lock);
    require_allowed(Request::restart, *container, reference);
    if (is_up(container->state.status)) {
      container->state.kept = true;
      end_by_hand(*container, lock, seconds, signal, trace, keep_waiting);
      events_.publish(*container, "stop");
    }
  }
  try {
    start(container->record.id, trace);
  } catch (const ApiError& error) {
    if (error.status() != 304) throw;  // somebody else was faster
  }
  events_.publish(*container, "restart");
}

std::uint64_t Engine::exits_of(const Container& container) {
  const std::scoped_lock lock(container.mutex);
  return container.state.exits;
}

std::optional<ContainerState> Engine::wait(const Container& container, WaitCondition condition,
                                           std::uint64_t exits,
                                           const std::function<bool()>& keep_waiting) const {
  std::unique_lock lock(container.mutex);
  const auto holds = [&] {
    const ContainerState& state = container.state;
    if (state.removed) return true;
    if (condition == WaitCondition::removed) return false;
    if (state.exits > exits) return true;
    return condition == WaitCondition::not_running && !is_up(state.status) && !state.starting;
  };
  while (!container.changed.wait_for(lock, std::chrono::seconds(1), holds)) {
    if (!keep_waiting()) return std::nullopt;
  }
  return container.state;
}

}  // namespace slipway
