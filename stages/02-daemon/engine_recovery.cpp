// What the engine learns from others: ends of containers, and after a restart what went on without it. The files are the
// truth (records, the exit ledger, locks that shims hold); news only say that it is time to look.

#include <algorithm>
#include <chrono>
#include <map>

#include "01-cli-socket/log_line.hpp"
#include "engine.hpp"

namespace slipway {

using nlohmann::json;

Engine::Engine(EnginePaths paths, EngineModules modules)
    : paths_(std::move(paths)),
      modules_(std::move(modules)),
      store_(paths_.data_root + "/containers"),
      supervisor_(paths_) {
  for (const auto& module : modules_) module->open(paths_, containers_);
  load_records();
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
    containers_.reserve_name(container->record.name, container->record.id);
    containers_.insert(std::move(container));
  }
  for (const BrokenRecord& record : broken) {
    log_line(LogLevel::error, "container " + record.id + ": its record cannot be read, ignoring it: " +
                                  record.reason);
  }
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
  {
    const std::scoped_lock lock(container->mutex);
    const ContainerState& state = container->state;
    const bool same_run = state.started_at == record.started_at && state.status == Status::running;
    if (!same_run) return;
  }
  Trace trace("exit", "engine");
  {
    const auto step = trace.begin("02", "exit", "exit record", "code " + std::to_string(record.exit_code));
    release_modules(*container);
  }
  {
    const std::scoped_lock lock(container->mutex);
    ContainerState& state = container->state;
    state.status = Status::exited;
    state.pid = 0;
    state.exit_code = record.exit_code;
    state.oom_killed = record.oom_killed;
    state.error = record.error;
    state.finished_at = record.finished_at;
    ++state.exits;
    container->exit_steps = trace.steps();
    container->changed.notify_all();
  }
  if (is_auto_remove(container->record)) remove_container(container);
}

void Engine::remove_in_background(const ContainerPtr& container) {
  workers_.run("removing container " + container->record.id,
               [this, container] { remove_container(container); });
}

void Engine::release_modules(const Container& container) noexcept {
  for (auto module = modules_.rbegin(); module != modules_.rend(); ++module) {
    (*module)->release(container.record);
  }
}

void Engine::reconcile() {
  std::map<std::string, ExitRecord> exits;
  for (ExitRecord& record : supervisor_.exits()) exits[record.id] = std::move(record);
  std::vector<std::string> tasks;
  for (const json& task : supervisor_.tasks()) tasks.push_back(task.at("Id"));
  for (const ContainerPtr& container : containers_.all()) {
    const std::string& id = container->record.id;
    const auto record = exits.find(id);
    const bool has_task = std::find(tasks.begin(), tasks.end(), id) != tasks.end();
    reconcile_container(container, record == exits.end() ? nullptr : &record->second, has_task);
    std::erase(tasks, id);
    exits.erase(id);
  }
  // What is left belongs to no container: its creation or its removal was cut short.
  for (const auto& [id, record] : exits) supervisor_.remove(id);
  for (const std::string& id : tasks) supervisor_.remove(id);
}

void Engine::reconcile_container(const ContainerPtr& container, const ExitRecord* record,
                                 bool has_task) {
  const std::string& id = container->record.id;
  {
    const std::scoped_lock lock(container->mutex);
    ContainerState& state = container->state;
    if (state.starting || state.status == Status::removing) return;
    if (!record) return;
    if (state.status == Status::created && state.exits == 0) {
      state.started_at = record->started_at;
      state.status = Status::running;  // as far as we know; its end, if there was one, is applied below
    }
  }
  if (record->finished()) return apply_exit(container, *record);
  const json task = has_task ? supervisor_.task(id) : json();
  if (task.is_object() && task.at("Status") == "created") {  // set up, never started
    supervisor_.remove(id);
    release_modules(*container);
    const std::scoped_lock lock(container->mutex);
    container->state = ContainerState();
    return;
  }
  const std::scoped_lock lock(container->mutex);
  if (task.is_object()) container->state.pid = task.at("Pid");
}

}  // namespace slipway
