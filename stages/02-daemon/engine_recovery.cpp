// What the engine learns from others: ends of containers, and after a restart what went on without it. The files are the
// truth (records, the exit ledger, locks that shims hold); news only says that it is time to look.

#include <algorithm>
#include <chrono>
#include <map>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/log_line.hpp"
#include "engine.hpp"
#include "log_reader.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// What a "die" event says: the code, and how many whole seconds it ran.
std::map<std::string, std::string> exit_attributes(const ExitRecord& record) {
  const std::int64_t ran = parse_log_time(record.finished_at, "FinishedAt") -
                           parse_log_time(record.started_at, "StartedAt");
  return {{"exitCode", std::to_string(record.exit_code)},
          {"execDuration", std::to_string(std::max<std::int64_t>(ran, 0) / 1'000'000'000)}};
}

}  // namespace

Engine::Engine(EnginePaths paths, EngineModules modules)
    : paths_(std::move(paths)),
      modules_(std::move(modules)),
      store_(paths_.data_root + "/containers"),
      supervisor_(paths_) {
  load_records();
  for (const auto& module : modules_) module->open({paths_, containers_, events_});
  reconcile();
  monitor_ = std::thread([this] { monitor(); });
}

Engine::~Engine() {
  supervisor_.stop_listening();
  monitor_.join();
  supervisor_.dismiss_if_idle();
}

void Engine::load_records() {
  std::vector<BrokenRecord> broken;
  for (ContainerRecord& record : store_.load(broken)) {
    auto container = std::make_shared<Container>();
    container->record = std::move(record);
    try {
      containers_.reserve_name(container->record.name, container->record.id);
      containers_.insert(std::move(container));
    } catch (const std::exception& error) {
      ignore_record(container->record.id, error.what());
    }
  }
  for (const BrokenRecord& record : broken) ignore_record(record.id, record.reason);
}

/// A newer Slipway wrote it, or somebody's editor: it is left as it is, with its process and its past.
void Engine::ignore_record(const std::string& id, const std::string& reason) {
  log_line(LogLevel::error,
           "container " + id + ": its record cannot be read, ignoring it: " + reason);
  unreadable_.insert(id);
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

void Engine::on_exit(const ExitRecord& record) {
  const ContainerPtr container = containers_.maybe_find(record.id);
  if (!container) return;
  workers_.run("the end of container " + record.id,
               [this, container, record] { apply_exit(container, record); });
}

/// Idempotent: an exit counts only for the run that it belongs to, and once.
void Engine::apply_exit(const ContainerPtr& container, const ExitRecord& record) {
  const bool then_remove = is_auto_remove(container->record);
  {
    const std::scoped_lock lock(container->mutex);
    ContainerState& state = container->state;
    const bool same_run = state.started_at == record.started_at && state.status == Status::running;
    if (!same_run || state.ending) return;
    state.ending = true;
  }
  Trace trace("exit", "engine");
  {
    const auto step =
        trace.begin("02", "exit", "exit record", "code " + std::to_string(record.exit_code));
    release_modules(*container);
  }
  {
    const std::scoped_lock lock(container->mutex);
    ContainerState& state = container->state;
    state.ending = false;
    state.status = then_remove ? Status::removing : Status::exited;
    state.pid = 0;
    state.exit_code = record.exit_code;
    state.oom_killed = record.oom_killed;
    state.error = record.error;
    state.finished_at = record.finished_at;
    ++state.exits;
    container->exit_steps = trace.steps();
    events_.publish(*container, "die", exit_attributes(record));
    container->changed.notify_all();
  }
  if (then_remove) remove_in_background(container);
}

void Engine::remove_in_background(const ContainerPtr& container) {
  workers_.run("removing container " + container->record.id,
               [this, container] { finish_removal(container); });
}

void Engine::release_modules(const Container& container) noexcept {
  for (auto module = modules_.rbegin(); module != modules_.rend(); ++module) {
    (*module)->release(container.record);
  }
}

void Engine::reconcile() {
  // Tasks first: a task that ends between the two questions has its record then.
  std::set<std::string> tasks;
  for (const json& task : supervisor_.tasks()) tasks.insert(task.at("Id"));
  std::map<std::string, ExitRecord> exits;
  for (ExitRecord& record : supervisor_.exits()) exits[record.id] = std::move(record);
  for (const ContainerPtr& container : containers_.all()) {
    const std::string& id = container->record.id;
    const auto record = exits.find(id);
    try {
      if (record != exits.end()) reconcile_container(container, record->second, tasks.contains(id));
    } catch (const std::exception& error) {  // one container must not keep the others from us
      log_line(LogLevel::error, "container " + id + ": " + error.what());
    }
    tasks.erase(id);
    exits.erase(id);
  }
  // What is left belongs to no container: its creation or its removal was cut short.
  for (const auto& [id, record] : exits) tasks.insert(id);
  for (const std::string& id : tasks) {
    if (!unreadable_.contains(id)) forget_task(id);
  }
}

//@region reconcile
/// Makes the state of a container what the ledger says of its latest run (02-I5). Idempotent.
void Engine::reconcile_container(const ContainerPtr& container, const ExitRecord& record,
                                 bool has_task) {
  //@exercise 02.2 Learn from the ledger what happened while this engine was away
  //@hint  a container that this engine has not started is `created` and has no `exits` yet
  //@hint  take the run's start from the record and call it running; apply_exit() ends what is over
  //@hint  a run without an end and without a started task was never confirmed: undo_start() it
  {
    const std::scoped_lock lock(container->mutex);
    ContainerState& state = container->state;
    const bool news = !state.starting && state.status == Status::created && state.exits == 0;
    if (!news && !record.finished()) return;  // we started it, and shall hear of its end
    if (news) state.started_at = record.started_at;
    if (news) state.status = Status::running;
  }
  if (record.finished()) return apply_exit(container, record);
  const auto pid = has_task ? started_pid(container->record.id) : std::nullopt;
  if (!pid) return undo_start(*container);
  const std::scoped_lock lock(container->mutex);
  container->state.pid = *pid;
  //@end
}
//@endregion

/// The pid of a task that was let run; nothing if it was never started, and then it is gone. 0 if its shim has just ended:
/// news of that is on its way.
std::optional<pid_t> Engine::started_pid(const std::string& id) {
  try {
    supervisor_.remove_unstarted(id);
    return std::nullopt;
  } catch (const ApiError& error) {
    if (error.status() == 404 && !in_ledger(id))
      return std::nullopt;  // its creation was taken back
    if (error.status() != 409) return 0;
  }
  try {
    return supervisor_.task(id).at("Pid").get<pid_t>();
  } catch (const ApiError&) {
    return 0;
  }
}

bool Engine::in_ledger(const std::string& id) {
  const std::vector<ExitRecord> exits = supervisor_.exits();
  return std::any_of(exits.begin(), exits.end(), [&](const auto& exit) { return exit.id == id; });
}

/// Back to "created": an engine died before it could tell anybody that this container runs.
void Engine::undo_start(Container& container) {
  forget_task(container.record.id);
  release_modules(container);
  const std::scoped_lock lock(container.mutex);
  container.state = ContainerState();
}

}  // namespace slipway
