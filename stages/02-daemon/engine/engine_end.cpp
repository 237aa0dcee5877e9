// The end of a container, and of all that there is of it.

#include <signal.h>

#include <chrono>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "02-daemon/logs/log_reader.hpp"
#include "engine.hpp"
#include "restart_policy.hpp"

namespace slipway {
namespace {

/// How long a removal by force waits for the end to be recorded. With a full disk it never is.
constexpr int kForcePatienceSeconds = 3;

std::chrono::nanoseconds ran_for(const ExitRecord& record) {
  return std::chrono::nanoseconds(parse_log_time(record.finished_at, "FinishedAt") -
                                  parse_log_time(record.started_at, "StartedAt"));
}

/// What a "die" event says: the code, and how many whole seconds it ran.
std::map<std::string, std::string> exit_attributes(const ExitRecord& record) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(ran_for(record)).count();
  return {{"exitCode", std::to_string(record.exit_code)},
          {"execDuration", std::to_string(std::max<std::int64_t>(seconds, 0))}};
}

}  // namespace

void Engine::on_exit(const ExitRecord& record) {
  const ContainerPtr container = containers_.maybe_find(record.id);
  if (!container) return;
  if (!record.finished()) return take_news(*container, record);
  workers_.run("the end of container " + record.id,
               [this, container, record] { apply_exit(container, record); });
}

/// Something befell a run that goes on, or the last word on it is still to come. Each is told of once.
void Engine::take_news(Container& container, const ExitRecord& record) {
  {
    const std::scoped_lock lock(container.mutex);
    ContainerState& state = container.state;
    if (state.started_at != record.started_at || state.oom_kills >= record.oom_kills) return;
    state.oom_kills = record.oom_kills;
    state.reason = record.reason;
  }
  events_.publish(container, "oom");
}

/// Takes the right to deal with this end. An exit counts only for the run that it belongs to, and once.
bool Engine::claim_end(Container& container, const ExitRecord& record) {
  std::unique_lock lock(container.mutex);
  ContainerState& state = container.state;
  container.changed.wait(lock, [&] { return !state.starting; });  // it began before it ended
  const bool same_run = state.started_at == record.started_at &&
                        (state.status == Status::running || state.status == Status::paused);
  if (!same_run || state.ending) return false;
  state.ending = true;
  return true;
}

/// Idempotent.
void Engine::apply_exit(const ContainerPtr& container, const ExitRecord& record) {
  if (!claim_end(*container, record)) return;
  take_news(*container, record);
  Trace trace("exit", "engine");
  {
    const auto step =
        trace.begin("02", "exit", "exit record", "code " + std::to_string(record.exit_code));
    for (const auto& module : modules_) module->ended(container->record);
    release_modules(*container);
  }
  Status next = Status::exited;
  {
    const std::scoped_lock lock(container->mutex);
    ContainerState& state = container->state;
    take_record(state, record);
    state.ending = false;
    next = state.status = after_end(*container, record);
    ++state.exits;
    container->exit_steps = trace.steps();
    events_.publish(*container, "die", exit_attributes(record));
    container->changed.notify_all();
  }
  if (next == Status::removing) remove_in_background(container);
  if (next == Status::restarting) restart_in_background(container);
}

/// What the ledger says of a run that is over.
void Engine::take_record(ContainerState& state, const ExitRecord& record) {
  state.pid = 0;
  state.started_at = record.started_at;
  state.finished_at = record.finished_at;
  state.restart_count = record.restart_count;
  state.exit_code = record.exit_code;
  state.oom_kills = record.oom_kills;
  state.reason = record.reason;
  state.error = record.error;
}

/// The policy's word, then docker's `--rm`. Called with the container's mutex held.
Status Engine::after_end(Container& container, const ExitRecord& record) {
  ContainerState& state = container.state;
  const EndedRun run{.exit_code = record.exit_code,
                     .stopped = state.stopped,
                     .restarts_before = record.restart_count};
  const RestartPolicy policy = restart_policy_of(container.record.host_config);
  if (!state.kept_down && wants_restart(policy, run)) {
    state.pause = next_pause(state.pause, ran_for(record));
    ++state.restart_count;
    return Status::restarting;
  }
  return is_auto_remove(container.record) && !state.kept ? Status::removing : Status::exited;
}

void Engine::release_modules(const Container& container) noexcept {
  for (auto module = modules_.rbegin(); module != modules_.rend(); ++module) {
    (*module)->release(container.record);
  }
}

void Engine::remove_in_background(const ContainerPtr& container) {
  workers_.run("removing container " + container->record.id, [this, container] {
    Trace quiet;
    finish_removal(container, true, quiet);
  });
}

/// Kills what is to be removed. Its end may be recorded or not: nobody will need it.
void Engine::end_by_force(Container& container, std::unique_lock<std::mutex>& lock, Trace& trace,
                          const std::function<bool()>& keep_waiting) {
  ContainerState& state = container.state;
  if (state.status == Status::restarting) return call_off_restart(container, trace);
  state.stopped = state.kept_down = true;
  const std::uint64_t exits = state.exits;
  const std::string run = state.started_at;
  lock.unlock();
  try {
    supervisor_.kill(container.record.id, run, SIGKILL, trace);
    events_.publish(container, "kill", {{"signal", std::to_string(SIGKILL)}});
    wake(container);
  } catch (const ApiError&) {  // it has ended already
  }
  const bool recorded = has_ended_after(container, exits, kForcePatienceSeconds, keep_waiting);
  lock.lock();
  if (recorded || !is_up(state.status)) return;
  state.status = Status::exited;
  state.exit_code = 128 + SIGKILL;
  ++state.exits;
  container.changed.notify_all();
}

/// Takes the right to remove it. False if that is somebody else's already, and it is gone now.
bool Engine::claim_removal(Container& container, const std::string& reference, bool force,
                           Trace& trace, const std::function<bool()>& keep_waiting) {
  std::unique_lock lock(container.mutex);
  wait_until_settled(container, lock);
  if (container.state.removed) throw not_found("No such container: " + reference);
  const bool runs_unseen = container.state.status == Status::dead &&
                           (container.state.pid > 0 || container.state.out_of_sight);
  if (runs_unseen && !force) {
    throw conflict(refusal_words(ruling(Request::remove, Status::running), container, reference));
  }
  require_allowed(force ? Request::force_remove : Request::remove, container, reference);
  if (is_up(container.state.status)) {
    end_by_force(container, lock, trace, keep_waiting);
    wait_until_settled(container, lock);
    if (container.state.status == Status::removing || container.state.removed) return false;
  }
  container.state.status = Status::removing;
  return true;
}

void Engine::remove(const std::string& reference, const RemoveOptions& options, Trace& trace,
                    const std::function<bool()>& keep_waiting) {
  const ContainerPtr container = containers_.find(reference);
  if (claim_removal(*container, reference, options.force, trace, keep_waiting)) {
    return finish_removal(container, options.volumes, trace);
  }
  // Its end was its removal; ours has nothing to add.
  static_cast<void>(wait(*container, WaitCondition::removed, 0, keep_waiting));
}

//@region removal
/// Removes a container whose state says "removing". First its record gets another name: from then on the container does
/// not exist, and an engine that is killed here is followed by one that goes on (02-I8). Last goes its folder, when nobody
/// keeps anything for it any more.
void Engine::finish_removal(const ContainerPtr& container, bool volumes, Trace& trace) {
  const std::string& id = container->record.id;
  try {
    {
      const std::string file = store_.record_file(id, durability_of(container->record));
      const auto step = trace.begin("02", "record", "rename", file,
                                    [&] { return "mv " + file + " removing.json"; });
      store_.begin_removal(id, volumes, durability_of(container->record));
    }
    clear_away(container->record, volumes, trace);
  } catch (const std::exception& error) {
    const std::scoped_lock lock(container->mutex);
    container->state.status = Status::dead;
    container->state.error = error.what();
    container->changed.notify_all();
    throw;
  }
  containers_.erase(*container);
  events_.publish(*container, "destroy");
  const std::scoped_lock lock(container->mutex);
  container->state.removed = true;
  container->changed.notify_all();
}

void Engine::clear_away(const ContainerRecord& record, bool volumes, Trace& trace) {
  supervisor_.remove(record.id,
                     trace);  // or it is not removed: nobody could stop its process any more
  for (auto module = modules_.rbegin(); module != modules_.rend(); ++module) {
    (*module)->release(record);
    (*module)->removed(record, volumes);
  }
  const std::string folder = store_.folder_of(record.id);
  const auto step =
      trace.begin("02", "folder", "unlinkat", folder, [&] { return "rm -r " + folder; });
  store_.remove(record.id);
}
//@endregion

void Engine::forget_task(const std::string& id, Trace& trace) noexcept {
  try {
    supervisor_.remove(id, trace);
  } catch (const std::exception& error) {
    log_line(LogLevel::error, "tidying up after container " + id + ": " + error.what());
  }
}

}  // namespace slipway
