// Starting: by a request, or because the restart policy wants it.

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/log_line.hpp"
#include "02-daemon/task/shim_client.hpp"
#include "engine.hpp"
#include "oci_spec.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// What a module lacks is said with its name: by then no box has done anything yet.
void prepare(EngineModule& module, StartContext& start) {
  const std::string name(module.name());
  auto step = start.trace.begin("02", "prepare", "module " + name, {});
  try {
    module.prepare(start);
  } catch (const ApiError& error) {
    step.result(error.what());
    if (!error.advice().empty()) throw;
    throw ApiError(error.status(), error.what(), "module '" + name + "' failed in the engine");
  } catch (const std::exception& error) {
    step.result(error.what());
    throw ApiError(500, error.what(), "module '" + name + "' failed in the engine");
  }
}

/// An error of a start with what there is to read about it.
ApiError with_story(const std::exception& error, const Container& container) {
  const auto* known = dynamic_cast<const ApiError*>(&error);
  std::string advice = known ? known->advice() : "";
  if (!is_auto_remove(container.record)) {
    const std::string name = container.record.name;
    advice += (advice.empty() ? "" : "\n") + std::string("all of it: slipway explain ") + name;
  }
  return {known ? known->status() : 500, error.what(), std::move(advice)};
}

}  // namespace

/// Takes the right to start it. \throws ApiError if its state forbids it
void Engine::begin_start(Container& container, const std::string& reference) {
  std::unique_lock lock(container.mutex);
  wait_until_settled(container, lock);
  ContainerState& state = container.state;
  require_allowed(Request::start, container, reference);
  state.starting = true;
  state.restart_count = 0;
  state.pause = {};
  state.stopped = state.kept_down = state.kept = false;
}

json Engine::build_spec(const Container& container, Trace& trace) {
  const ContainerRecord& record = container.record;
  json spec = base_spec(record);
  StartContext start{record, store_.folder_of(record.id), spec, trace};
  for (const auto& module : modules_) {
    prepare(*module, start);
  }
  return spec;
}

void Engine::launch(Container& container, const std::string& started_at, Trace& trace) {
  const std::string& id = container.record.id;
  const int restart_count = [&] {
    const std::scoped_lock lock(container.mutex);
    return container.state.restart_count;
  }();
  const json spec = build_spec(container, trace);
  TaskSettings settings = settings_of(container, started_at);
  settings.restart_count = restart_count;
  settings.explain = trace.on();
  const pid_t pid = supervisor_.create(id, spec, settings, trace);
  let_clients_in(container, pid, started_at);
  let_run(id, started_at, trace);
}

/// A supervisor that dies over the request, or a shim that hangs, may have let it run before: then it is not for us to take that
/// back.
void Engine::let_run(const std::string& id, const std::string& started_at, Trace& trace) {
  try {
    supervisor_.start(id, started_at, trace);
  } catch (const std::exception& error) {
    const auto* answer = dynamic_cast<const ApiError*>(&error);
    const bool refused = answer && answer->status() != 503;
    if (refused || supervisor_.withdraw(id, started_at)) throw;
  }
}

void Engine::start(const std::string& reference, Trace& trace) {
  const ContainerPtr container = containers_.find(reference);
  begin_start(*container, reference);
  run(container, trace);
}

/// The rest of a start whose right was taken: `starting` is set, so that the container's folder stays.
void Engine::run(const ContainerPtr& container, Trace& asked) {
  Trace own(is_auto_remove(container->record) ? "" : "start", "engine");
  Trace& trace = asked.on() ? asked : own;
  const auto [started_before, finished_before] = [&] {
    const std::scoped_lock lock(container->mutex);
    return std::pair(container->state.started_at, container->state.finished_at);
  }();
  const std::string run = rfc3339_now();
  try {
    launch(*container, run, trace);
  } catch (const std::exception& error) {
    const TakenBack taken_back = take_start_back(container->record, run, error.what(), trace);
    if (taken_back != TakenBack::no_it_runs) {
      {
        const std::scoped_lock lock(container->mutex);
        container->state.started_at = started_before;
        container->state.finished_at = finished_before;
      }
      if (start_again(container, error)) return;
      keep_story(*container, run, &error, trace);
      start_failed(*container, error.what());
      if (taken_back == TakenBack::not_known) {
        lose_sight(container, error.what());
      } else if (is_auto_remove(container->record)) {
        remove_in_background(container);
      }
      throw with_story(error, *container);
    }
  }
  keep_story(*container, run, nullptr, trace);
  const std::scoped_lock lock(container->mutex);
  events_.publish(*container, "start");
  container->state.starting = false;
  container->changed.notify_all();
}

/// For `explain`. \param error  why the start failed; null if it did not
void Engine::keep_story(const Container& container, const std::string& began_at,
                        const std::exception* error, const Trace& trace) const {
  if (is_auto_remove(container.record)) return;
  const auto* known = dynamic_cast<const ApiError*>(error);
  save_start_story(store_.folder_of(container.record.id), {.began_at = began_at,
                                                           .error = error ? error->what() : "",
                                                           .advice = known ? known->advice() : "",
                                                           .steps = trace.steps()});
}

/// Sees to it that a start that failed has not let anything run. The ledger learns of it, beside what it knows of the run before.
Engine::TakenBack Engine::take_start_back(const ContainerRecord& record, const std::string& run,
                                          const std::string& message, Trace& trace) {
  try {
    if (is_auto_remove(record)) {
      supervisor_.remove(record.id, trace);
    } else {
      supervisor_.start_failed(record.id, run, exit_code_of_failed_start(message), message);
    }
    return TakenBack::yes;
  } catch (const std::exception& error) {
    const auto* answer = dynamic_cast<const ApiError*>(&error);
    if (answer && answer->status() == 409) return TakenBack::no_it_runs;
    log_line(LogLevel::error,
             "after the failed start of container " + record.id + ": " + error.what());
    return answer && answer->status() == 503 ? TakenBack::not_known : TakenBack::yes;
  }
}

/// A policy's start over which the supervisor died says nothing about the container: it is still due.
bool Engine::start_again(const ContainerPtr& container, const std::exception& error) {
  {
    const std::scoped_lock lock(container->mutex);
    const bool by_policy = container->state.status == Status::restarting;
    if (!by_policy || dynamic_cast<const ApiError*>(&error) != nullptr) return false;
    container->state.starting = false;
    container->changed.notify_all();
  }
  log_line(LogLevel::warning, "restarting container " + container->record.id + ": " + error.what());
  release_modules(*container);
  restart_in_background(container);
  return true;
}

/// Gives everything back, and lets those who wait know: to them it ended with docker's code for its failure.
void Engine::start_failed(Container& container, const std::string& message) {
  const int code = exit_code_of_failed_start(message);
  const bool removes_itself = is_auto_remove(container.record);
  release_modules(container);
  const std::scoped_lock lock(container.mutex);
  ContainerState& state = container.state;
  state.status = removes_itself               ? Status::removing
                 : state.started_at == kNever ? Status::created
                                              : Status::exited;
  state.pid = 0;
  state.exit_code = code;
  state.error = message;
  state.starting = false;
  ++state.exits;
  for (const auto& pending : container.pending_attaches) pending->failed = true;
  container.pending_attaches.clear();
  container.changed.notify_all();
}

/// Says that it runs, before it does: its end may be announced at once. Those who attach from now on go to the shim
/// by themselves; those who wait already are connected here, so that they miss nothing.
void Engine::let_clients_in(Container& container, pid_t pid, const std::string& started_at) {
  std::vector<std::shared_ptr<PendingAttach>> pending;
  {
    const std::scoped_lock lock(container.mutex);
    pending.swap(container.pending_attaches);
    container.state.status = Status::running;
    container.state.started_at = started_at;
    container.state.finished_at = kNever;
    container.state.error.clear();
    container.state.pid = pid;
    container.state.exit_code = 0;
    container.state.oom_kills = 0;
    container.state.reason.clear();
  }
  for (const auto& attach : pending) {
    std::optional<RawStream> stream;
    try {
      stream = ShimClient(paths_.exec_root, container.record.id).attach(attach->query);
    } catch (const std::exception& error) {
      log_line(LogLevel::error,
               "attaching to container " + container.record.id + ": " + error.what());
    }
    const std::scoped_lock lock(container.mutex);
    attach->failed = !stream;
    attach->stream = std::move(stream);
    container.changed.notify_all();
  }
}

/// The pause is over: unless somebody stopped, started or removed it meanwhile, it is started.
void Engine::restart_now(const ContainerPtr& container, std::uint64_t exits) {
  {
    const std::scoped_lock lock(container->mutex);
    ContainerState& state = container->state;
    if (stopping_ || state.status != Status::restarting || state.exits != exits) return;
    state.starting = true;
  }
  Trace trace("restart", "engine");
  run(container, trace);
}

void Engine::restart_in_background(const ContainerPtr& container) {
  const auto [pause, exits] = [&] {
    const std::scoped_lock lock(container->mutex);
    return std::pair(container->state.pause, container->state.exits);
  }();
  timer_.after(pause, [this, container, seen = exits] {
    workers_.run("restarting container " + container->record.id,
                 [this, container, seen] { restart_now(container, seen); });
  });
}

}  // namespace slipway
