// What an engine finds when it comes: containers that ran on or ended without it, removals that were cut short. The files are
// the truth (records, the exit ledger, locks that shims hold); news only says that it is time to look.

#include <algorithm>
#include <chrono>
#include <map>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/log_line.hpp"
#include "engine.hpp"
#include "restart_policy.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr std::size_t kShortId = 12;

template <class Map>
auto* value_in(Map& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

Engine::Engine(EnginePaths paths, EngineModules modules)
    : paths_(std::move(paths)),
      modules_(std::move(modules)),
      store_(paths_.data_root + "/containers"),
      supervisor_(paths_) {
  load_records();
  for (const auto& module : modules_) module->open({paths_, containers_, events_});
  for (const PendingRemoval& removal : unfinished_removals_) finish_earlier(removal);
  reconcile();
  monitor_ = std::thread([this] { monitor(); });
}

/// One that cannot be finished now is tried again by the next engine.
void Engine::finish_earlier(const PendingRemoval& removal) {
  try {
    Trace quiet;
    clear_away(removal.record, removal.volumes, quiet);
  } catch (const std::exception& error) {
    log_line(LogLevel::error, "removing container " + removal.record.id + ": " + error.what());
  }
}

Engine::~Engine() {
  supervisor_.stop_listening();
  monitor_.join();
  stopping_ = true;
  supervisor_.dismiss_if_idle();
}

void Engine::load_records() {
  StoredContainers stored = store_.load();
  unfinished_removals_ = std::move(stored.removals);
  for (ContainerRecord& record : stored.records) {
    auto container = std::make_shared<Container>();
    container->record = std::move(record);
    const std::string name = container->record.name;
    try {
      containers_.reserve_name(name, container->record.id);
      containers_.insert(container);
    } catch (const std::exception& error) {
      list_broken(container->record.id, name, error.what());
    }
  }
  for (const BrokenRecord& record : stored.broken) {
    list_broken(record.id, record.name, record.reason);
  }
}

/// A newer Slipway wrote it, or a disk lost a part of it: it is listed, with the reason, and left as it is until somebody
/// mends or removes it. Its process runs on.
void Engine::list_broken(const std::string& id, const std::string& wanted_name,
                         const std::string& reason) {
  log_line(LogLevel::error, "container " + id + ": its record cannot be read: " + reason);
  auto container = std::make_shared<Container>();
  container->record.id = id;
  container->broken = "the container's record cannot be read: " + reason;
  container->state.status = Status::dead;
  container->state.error = container->broken;
  for (const std::string& name : {wanted_name, "broken_" + id.substr(0, kShortId)}) {
    if (name.empty() || containers_.maybe_find(name)) continue;
    container->record.name = name;
    containers_.reserve_name(name, id);
    break;
  }
  containers_.insert(std::move(container));
}

void Engine::monitor() {
  while (!supervisor_.stopped()) {
    try {
      supervisor_.listen([this] { reconcile(); }, [this](const ExitRecord& r) { on_exit(r); });
    } catch (const std::exception& error) {
      log_line(LogLevel::error, std::string("listening to the supervisor: ") + error.what());
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
}

void Engine::reconcile() {
  // Tasks first: a task that ends between the two questions has its record then.
  std::map<std::string, json> tasks;
  const json list = supervisor_.tasks();
  for (const json& task : list) tasks[task.at("Id")] = task;
  std::map<std::string, ExitRecord> exits;
  for (ExitRecord& record : supervisor_.exits()) exits[record.id] = std::move(record);
  for (const ContainerPtr& container : containers_.all()) {
    const std::string& id = container->record.id;
    try {
      reconcile_container(container, value_in(exits, id), value_in(tasks, id));
    } catch (const std::exception& error) {  // one container must not keep the others from us
      log_line(LogLevel::error, "container " + id + ": " + error.what());
    }
    tasks.erase(id);
    exits.erase(id);
  }
  // What is left belongs to no container: its creation or its removal was cut short.
  for (const auto& [id, record] : exits) tasks[id] = {};
  Trace quiet;
  for (const auto& [id, task] : tasks) forget_task(id, quiet);
}

//@region reconcile
/// Makes the state of a container what the ledger says of its latest run (02-I5). Idempotent.
void Engine::reconcile_container(const ContainerPtr& container, const ExitRecord* record,
                                 const json* task) {
  //@exercise 02.2 Learn from the ledger what happened while this engine was away
  //@hint  a container that this engine has not started is not `known` yet: learn() of it, once
  //@hint  of one that it knows, the ledger can only have the end of the run that it has begun
  bool known = false;
  {
    const std::scoped_lock lock(container->mutex);
    known = std::exchange(container->state.known, true);
  }
  if (!known) return learn(container, record, task);
  if (record) on_exit(*record);
  //@end
}
//@endregion

/// The first look at a container that an earlier engine left.
void Engine::learn(const ContainerPtr& container, const ExitRecord* record, const json* task) {
  if (!container->broken.empty()) {
    const std::scoped_lock lock(container->mutex);
    if (task) container->state.pid = task->value("Pid", 0);
    return;
  }
  try {
    record ? learn_of_run(container, *record, task) : release_modules(*container);
  } catch (const std::exception& error) {
    return lose_sight(container, error.what());
  }
  const std::scoped_lock lock(container->mutex);
  ContainerState& state = container->state;
  if (!std::exchange(state.out_of_sight, false) || state.status != Status::dead) return;
  state.status = Status::created;  // it never ran
  state.error.clear();
}

/// It may run or not: its shim lives and does not answer, say. It is shown as dead, with the reason, and can be removed by
/// force; and it is looked at again until it can be told.
void Engine::lose_sight(const ContainerPtr& container, const std::string& reason) {
  {
    const std::scoped_lock lock(container->mutex);
    ContainerState& state = container->state;
    state.out_of_sight = true;
    state.status = Status::dead;
    state.error = "it is not known whether it runs: " + reason;
  }
  log_line(LogLevel::warning, "container " + container->record.id + ": " + reason);
  workers_.run("looking again at container " + container->record.id,
               [this, container] { look_again(container); });
}

void Engine::look_again(const ContainerPtr& container) {
  {
    std::unique_lock lock(container->mutex);
    const auto called_off = [&] { return stopping_ || container->state.removed; };
    if (container->changed.wait_for(lock, std::chrono::seconds(1), called_off)) return;
    if (container->state.status != Status::dead) return;
  }
  std::optional<ExitRecord> record;
  try {
    record = ledger_entry(container->record.id);
  } catch (const std::exception& error) {
    return lose_sight(container, error.what());
  }
  learn(container, record ? &*record : nullptr, nullptr);
  hear_of_end(container->record.id);
}

/// Its end may have come after we read the ledger and before we took it over: the news of it found nobody that it was for.
void Engine::hear_of_end(const std::string& id) noexcept {
  try {
    if (const auto record = ledger_entry(id)) on_exit(*record);
  } catch (
      const std::exception& error) {  // the supervisor is gone: with the next one all is reconciled
    log_line(LogLevel::warning, "container " + id + ": " + error.what());
  }
}

void Engine::learn_of_run(const ContainerPtr& container, const ExitRecord& record,
                          const json* task) {
  if (record.finished()) return take_ended(container, record);
  const bool started = task && task->value("Started", false);
  const auto pid = started ? std::optional(task->at("Pid").get<pid_t>()) : started_pid(record);
  if (pid) return take_over(container, record, *pid);
  // Nobody was told that it runs, and it never did. What is to be known is the run before.
  const auto before = ledger_entry(record.id);
  if (before && before->finished()) return take_ended(container, *before);
  release_modules(*container);
}

/// It ran on.
void Engine::take_over(const ContainerPtr& container, const ExitRecord& record, pid_t pid) {
  const StopNote note = store_.stop_note(record.id);
  {
    const std::scoped_lock lock(container->mutex);
    ContainerState& state = container->state;
    state.status = Status::running;
    state.error.clear();
    state.pid = pid;
    state.started_at = record.started_at;
    state.restart_count = record.restart_count;
    state.stopped = note.run == record.started_at;
    state.kept_down = state.stopped && note.to_end_it;
    state.oom_kills = record.oom_kills;
    state.reason = record.reason;
  }
  for (const auto& module : modules_) {
    module->adopt(container->record);
    if (!module->is_paused(container->record)) continue;
    const std::scoped_lock lock(container->mutex);
    if (container->state.status == Status::running) container->state.status = Status::paused;
  }
}

/// It has ended, in our time or before: an engine that starts does what the last one had no time for.
void Engine::take_ended(const ContainerPtr& container, const ExitRecord& record) {
  release_modules(*container);
  const bool started = record.started_at != kNever;
  const EndedRun run{.exit_code = record.exit_code,
                     .stopped = started && was_stopped(*container, record.started_at),
                     .restarts_before = record.restart_count};
  Status next = Status::exited;
  {
    const std::scoped_lock lock(container->mutex);
    ContainerState& state = container->state;
    take_record(state, record);
    state.stopped = run.stopped;
    if (!started) {
      next = Status::created;
    } else if (is_auto_remove(container->record)) {
      next = Status::removing;
    } else if (wants_start_with_engine(restart_policy_of(container->record.host_config), run)) {
      ++state.restart_count;
      next = Status::restarting;
    }
    state.status = next;
  }
  if (next == Status::removing) remove_in_background(container);
  if (next == Status::restarting) restart_in_background(container);
}

/// The pid of a run that was let run, 0 if it has ended since: news of that is on its way. Nothing if it was not let run; it
/// never will be.
std::optional<pid_t> Engine::started_pid(const ExitRecord& record) {
  if (supervisor_.withdraw(record.id, record.started_at)) return std::nullopt;
  try {
    return supervisor_.task(record.id).at("Pid").get<pid_t>();
  } catch (const ApiError& error) {
    if (error.status() != 404) throw;
    return 0;
  }
}

/// `unless-stopped` takes any signal by hand for a stop, as docker does.
bool Engine::was_stopped(const Container& container, const std::string& run) const {
  const StopNote note = store_.stop_note(container.record.id);
  const auto kind = restart_policy_of(container.record.host_config).kind;
  return note.run == run && (note.to_end_it || kind == RestartPolicy::Kind::unless_stopped);
}

std::optional<ExitRecord> Engine::ledger_entry(const std::string& id) {
  for (ExitRecord& entry : supervisor_.exits()) {
    if (entry.id == id) return std::move(entry);
  }
  return std::nullopt;
}

}  // namespace slipway
