#include "engine.hpp"

#include <signal.h>

#include <chrono>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "identity.hpp"
#include "log_config.hpp"
#include "oci_spec.hpp"
#include "shim_client.hpp"
#include "signals.hpp"
#include "unclaimed_fields.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr int kKillPatienceSeconds = 10;
constexpr int kDefaultStopSeconds = 10;

bool is_running(const ContainerState& state) {
  return state.status == Status::running || state.status == Status::paused;
}

/// `--rm` containers do not outlive a reboot, so their records need not survive a power cut.
Durability durability_of(const ContainerRecord& record) {
  return is_auto_remove(record) ? Durability::volatile_ : Durability::durable;
}

/// A start and an end each take several steps; what begins another waits for the last.
void wait_until_settled(const Container& container, std::unique_lock<std::mutex>& lock) {
  container.changed.wait(lock,
                         [&] { return !container.state.starting && !container.state.ending; });
}

std::string not_running(const Container& container) {
  return "container " + container.record.id + " is not running";
}

}  // namespace

bool is_auto_remove(const ContainerRecord& record) {
  return JsonFields(record.host_config, "HostConfig").boolean("AutoRemove");
}

std::string Engine::log_path(const Container& container) const {
  const std::string& id = container.record.id;
  return store_.folder_of(id) + "/" + id + "-json.log";
}

void Engine::check_request(CreateRequest& request) const {
  std::vector<std::string_view> claimed;
  for (const auto& module : modules_) {
    module->check(request);
    for (const std::string_view field : module->host_config_fields()) claimed.push_back(field);
  }
  for (std::string& warning : unclaimed_fields(request.host_config, claimed)) {
    request.warnings.push_back(std::move(warning));
  }
}

CreatedContainer Engine::create(CreateRequest request) {
  check_request(request);
  if (command_of(request.config).empty()) throw bad_request("no command specified");
  auto container = std::make_shared<Container>();
  ContainerRecord& record = container->record;
  record.id = random_id();
  record.created = rfc3339_now();
  record.config = std::move(request.config);
  record.host_config = std::move(request.host_config);
  record.networking_config = std::move(request.networking_config);
  record.sections = std::move(request.sections);
  std::string name = request.name;
  while (name.empty()) {
    name = random_name() + "_" + record.id.substr(0, 4);
    if (containers_.maybe_find(name)) name.clear();
  }
  record.name = name;
  containers_.reserve_name(name, record.id);
  try {
    store_.save(record, durability_of(record));
  } catch (...) {
    containers_.release_name(name);
    throw;
  }
  containers_.insert(container);
  events_.publish(*container, "create");
  return {record.id, std::move(request.warnings)};
}

/// Takes the right to start it. \throws ApiError if its state forbids it
void Engine::begin_start(Container& container, const std::string& started_at) {
  std::unique_lock lock(container.mutex);
  wait_until_settled(container, lock);
  switch (container.state.status) {
    case Status::running:
      throw ApiError(304, "container already started");
    case Status::paused:
      throw conflict("cannot start a paused container, try unpause instead");
    case Status::removing:
    case Status::dead:
      throw conflict("container is marked for removal and cannot be started");
    default:
      break;
  }
  container.state.starting = true;
  container.state.started_at = started_at;
  container.state.error.clear();
}

json Engine::build_spec(const Container& container, Trace& trace) {
  const ContainerRecord& record = container.record;
  json spec = base_spec(record);
  StartContext start{record, store_.folder_of(record.id), spec, trace};
  for (const auto& module : modules_) {
    const auto step = trace.begin("02", "prepare", "module", module->name());
    module->prepare(start);
  }
  return spec;
}

TaskSettings Engine::settings_of(const Container& container, const std::string& started_at) const {
  const JsonFields config(container.record.config, "Config");
  TaskSettings settings{.id = container.record.id,
                        .ledger = {},
                        .started_at = started_at,
                        .durable = !is_auto_remove(container.record),
                        .stdio = {.terminal = config.boolean("Tty"),
                                  .open_stdin = config.boolean("OpenStdin"),
                                  .stdin_once = config.boolean("StdinOnce"),
                                  .log_path = log_path(container)}};
  add_log_settings(container.record, settings.stdio);
  return settings;
}

void Engine::launch(Container& container, const std::string& started_at, Trace& trace) {
  const std::string& id = container.record.id;
  const json spec = build_spec(container, trace);
  CreatedTask task;
  {
    const auto step = trace.begin("02", "create", "POST", "/tasks/" + id.substr(0, 12));
    task = supervisor_.create(id, spec, settings_of(container, started_at), trace);
  }
  let_clients_in(container, task.pid);
  const auto step = trace.begin("02", "start", "POST", "/tasks/" + id.substr(0, 12) + "/start");
  supervisor_.start(id, trace);
}

void Engine::start(const std::string& reference, Trace& trace) {
  const ContainerPtr container = containers_.find(reference);
  const std::string started_at = rfc3339_now();
  begin_start(*container, started_at);
  try {
    launch(*container, started_at, trace);
  } catch (const std::exception& error) {
    start_failed(*container, error.what());
    if (is_auto_remove(container->record) && claim_removal(*container, reference, false)) {
      remove_in_background(container);
    }
    throw;
  }
  events_.publish(*container, "start");
  const std::scoped_lock lock(container->mutex);
  container->state.starting = false;
  container->changed.notify_all();
}

/// Gives everything back, and lets those who wait know: to them it ended with docker's code for its failure.
void Engine::start_failed(Container& container, const std::string& message) {
  forget_task(container.record.id);
  release_modules(container);
  const std::scoped_lock lock(container.mutex);
  ContainerState& state = container.state;
  state.status = state.exits > 0 ? Status::exited : Status::created;
  state.pid = 0;
  state.exit_code = exit_code_of_failed_start(message);
  state.error = message;
  state.starting = false;
  ++state.exits;
  for (const auto& pending : container.pending_attaches) pending->failed = true;
  container.pending_attaches.clear();
  container.changed.notify_all();
}

/// Says that it runs, before it does: its end may be announced at once. Those who attach from now on go to the shim
/// by themselves; those who wait already are connected here, so that they miss nothing.
void Engine::let_clients_in(Container& container, pid_t pid) {
  std::vector<std::shared_ptr<PendingAttach>> pending;
  {
    const std::scoped_lock lock(container.mutex);
    pending.swap(container.pending_attaches);
    container.state.status = Status::running;
    container.state.pid = pid;
    container.state.exit_code = 0;
    container.state.oom_killed = false;
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

std::shared_ptr<PendingAttach> Engine::begin_attach(Container& container,
                                                    const std::string& query) {
  auto pending = std::make_shared<PendingAttach>();
  pending->query = query;
  std::unique_lock lock(container.mutex);
  if (!is_running(container.state)) {
    container.pending_attaches.push_back(pending);
    return pending;
  }
  lock.unlock();
  try {
    pending->stream = ShimClient(paths_.exec_root, container.record.id).attach(query);
  } catch (
      const std::exception&) {  // it has ended this moment: the client reads the end of the stream
    pending->failed = true;
  }
  return pending;
}

std::optional<RawStream> Engine::attach(Container& container,
                                        const std::shared_ptr<PendingAttach>& pending,
                                        const std::function<bool()>& keep_waiting) {
  std::unique_lock lock(container.mutex);
  const auto settled = [&] {
    return pending->stream || pending->failed || container.state.removed;
  };
  while (!container.changed.wait_for(lock, std::chrono::seconds(1), settled)) {
    if (!keep_waiting()) break;
  }
  std::erase(container.pending_attaches, pending);
  return std::move(pending->stream);
}

void Engine::kill(const std::string& reference, int signal) {
  ContainerPtr container;
  const std::string prefix = "cannot kill container: " + reference + ": ";
  try {
    container = containers_.find(reference);
  } catch (const ApiError& error) {
    throw ApiError(error.status(), prefix + error.what());
  }
  {
    const std::scoped_lock lock(container->mutex);
    if (!is_running(container->state)) throw conflict(prefix + not_running(*container));
  }
  try {
    supervisor_.kill(container->record.id, signal);
  } catch (const ApiError& error) {
    // It has ended, and the news of it are on their way to us.
    if (error.status() != 409 && error.status() != 404) throw;
    throw conflict(prefix + not_running(*container));
  }
  events_.publish(*container, "kill", {{"signal", std::to_string(signal)}});
}

void Engine::stop(const std::string& reference, std::optional<long> seconds,
                  std::optional<int> signal, const std::function<bool()>& keep_waiting) {
  const ContainerPtr container = containers_.find(reference);
  const JsonFields config(container->record.config, "Config");
  std::uint64_t exits = 0;
  {
    const std::scoped_lock lock(container->mutex);
    if (!is_running(container->state)) throw ApiError(304, not_running(*container));
    exits = container->state.exits;
  }
  const std::string configured = config.text("StopSignal");
  const int first = signal.value_or(parse_signal(configured.empty() ? "TERM" : configured));
  const long patience =
      seconds.value_or(config.maybe_integer("StopTimeout").value_or(kDefaultStopSeconds));
  const auto ended_after = [&](int sent, std::optional<long> wait_seconds) {
    try {
      supervisor_.kill(container->record.id, sent);
      events_.publish(*container, "kill", {{"signal", std::to_string(sent)}});
    } catch (const ApiError&) {  // it has ended already
    }
    std::unique_lock lock(container->mutex);
    const auto ended = [&] { return container->state.exits > exits; };
    for (long waited = 0; !wait_seconds || waited < *wait_seconds; ++waited) {
      if (container->changed.wait_for(lock, std::chrono::seconds(1), ended)) return true;
      if (!keep_waiting()) throw ApiError(503, "container " + reference + " has not stopped yet");
    }
    return ended();
  };
  const bool ended = ended_after(first, patience < 0 ? std::nullopt : std::optional(patience)) ||
                     ended_after(SIGKILL, kKillPatienceSeconds);
  if (ended) return events_.publish(*container, "stop");
  throw std::runtime_error("container " + reference + " did not end within " +
                           std::to_string(kKillPatienceSeconds) + " seconds of SIGKILL");
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
    return condition == WaitCondition::not_running && !is_running(state) && !state.starting;
  };
  while (!container.changed.wait_for(lock, std::chrono::seconds(1), holds)) {
    if (!keep_waiting()) return std::nullopt;
  }
  return container.state;
}

/// Takes the right to remove it, in one look at its state. False if it runs and has to be stopped first.
bool Engine::claim_removal(Container& container, const std::string& reference, bool force) {
  std::unique_lock lock(container.mutex);
  wait_until_settled(container, lock);
  if (container.state.removed) throw not_found("No such container: " + reference);
  if (container.state.status == Status::removing) {
    throw conflict("removal of container " + reference + " is already in progress");
  }
  if (is_running(container.state) && force) return false;
  if (is_running(container.state)) {
    throw conflict("cannot remove container \"" + reference +
                   "\": container is running: stop the container before removing or force remove");
  }
  container.state.status = Status::removing;
  return true;
}

void Engine::remove(const std::string& reference, bool force,
                    const std::function<bool()>& keep_waiting) {
  const ContainerPtr container = containers_.find(reference);
  while (!claim_removal(*container, reference, force)) {
    try {
      stop(container->record.id, 0, SIGKILL, keep_waiting);
    } catch (const ApiError& error) {
      if (error.status() != 304) throw;  // 304: it has ended by itself
    }
    if (!is_auto_remove(container->record)) continue;
    // Its end is its removal; ours has nothing to add.
    static_cast<void>(wait(*container, WaitCondition::removed, 0, keep_waiting));
    return;
  }
  finish_removal(container);
}

/// Removes a container whose state says "removing". The record goes first: from then on the container does not exist, and
/// the next start of an engine sweeps up what else there is of it (02-I8). The other way round a container could come
/// back without its past.
void Engine::finish_removal(const ContainerPtr& container) {
  const std::string& id = container->record.id;
  try {
    store_.remove(id, durability_of(container->record));
  } catch (const std::exception& error) {
    const std::scoped_lock lock(container->mutex);
    container->state.status = Status::dead;
    container->state.error = error.what();
    throw;
  }
  forget_task(id);
  release_modules(*container);
  containers_.erase(*container);
  events_.publish(*container, "destroy");
  const std::scoped_lock lock(container->mutex);
  container->state.removed = true;
  container->changed.notify_all();
}

void Engine::forget_task(const std::string& id) noexcept {
  try {
    supervisor_.remove(id);
  } catch (const std::exception& error) {
    log_line(LogLevel::error, "tidying up after container " + id + ": " + error.what());
  }
}

}  // namespace slipway
