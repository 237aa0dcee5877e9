#include "engine.hpp"

#include <chrono>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "02-daemon/base/identity.hpp"
#include "02-daemon/task/shim_client.hpp"
#include "log_config.hpp"
#include "oci_spec.hpp"
#include "unclaimed_fields.hpp"

namespace slipway {

using nlohmann::json;

Durability durability_of(const ContainerRecord& record) {
  return is_auto_remove(record) ? Durability::volatile_ : Durability::durable;
}

void wait_until_settled(const Container& container, std::unique_lock<std::mutex>& lock) {
  const ContainerState& state = container.state;
  container.changed.wait(lock, [&] { return !state.starting && !state.ending && !state.updating; });
}

namespace {

/// How a file is replaced by hand (02-I1).
std::string replacing(const std::string& file) {
  const std::string quoted = shell_quoted(file);
  return "sync " + quoted + ".tmp && mv " + quoted + ".tmp " + quoted;
}

}  // namespace

bool is_auto_remove(const ContainerRecord& record) {
  return JsonFields(record.host_config, "HostConfig").boolean("AutoRemove");
}

std::string Engine::log_path(const Container& container) const {
  const std::string& id = container.record.id;
  return store_.folder_of(id) + "/" + id + "-json.log";
}

std::optional<ExitRecord> Engine::latest_run(const Container& container) const {
  try {
    return read_exit_record(paths_.data_root + "/exits", container.record.id);
  } catch (const std::exception&) {  // the supervisor has said so in its log
    return std::nullopt;
  }
}

std::optional<StartStory> Engine::start_story(const Container& container) {
  const std::string& id = container.record.id;
  if (!is_auto_remove(container.record)) return read_start_story(store_.folder_of(id));
  try {
    const json task = supervisor_.task(id);
    return StartStory{.began_at = task.value("StartedAt", ""),
                      .steps = steps_from_json(task.value("Steps", json::array()))};
  } catch (const ApiError&) {  // it does not run
    return std::nullopt;
  }
}

void Engine::check_request(CreateRequest& request) const {
  std::vector<std::string_view> claimed, claimed_config;
  for (const auto& module : modules_) {
    module->check(request);
    for (const std::string_view field : module->host_config_fields()) claimed.push_back(field);
    for (const std::string_view field : module->config_fields()) claimed_config.push_back(field);
  }
  for (std::string& warning : unclaimed_config(request.config, claimed_config)) {
    request.warnings.push_back(std::move(warning));
  }
  for (std::string& warning : unclaimed_fields(request.host_config, claimed)) {
    request.warnings.push_back(std::move(warning));
  }
  for (std::string& warning : unclaimed_endpoints(request.networking_config, claimed_config)) {
    request.warnings.push_back(std::move(warning));
  }
}

CreatedContainer Engine::create(CreateRequest request, Trace& trace) {
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
    const std::string file = store_.record_file(record.id, durability_of(record));
    const auto step = trace.begin("02", "record", "rename", file, [&] { return replacing(file); });
    store_.save(record, durability_of(record));
  } catch (...) {
    containers_.release_name(name);
    throw;
  }
  container->state.known = true;
  containers_.insert(container);
  events_.publish(*container, "create");
  return {record.id, std::move(request.warnings)};
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

void Engine::rename(const std::string& reference, std::string name, Trace& trace) {
  if (name.starts_with("/")) name.erase(0, 1);
  if (name.empty()) throw bad_request("Neither old nor new names may be empty");
  const ContainerPtr container = containers_.find(reference);
  std::unique_lock lock(container->mutex);
  wait_until_settled(*container, lock);
  require_allowed(Request::rename, *container, reference);
  const std::string old = container->record.name;
  if (name == old) {
    throw bad_request("Renaming a container with the same name as its current name");
  }
  check_container_name(name);
  containers_.reserve_name(name, container->record.id);
  try {
    ContainerRecord renamed = container->record;
    renamed.name = name;
    const std::string file = store_.record_file(renamed.id, durability_of(renamed));
    const auto step = trace.begin("02", "record", "rename", file, [&] { return replacing(file); });
    store_.replace(renamed, durability_of(renamed));
  } catch (...) {
    containers_.release_name(name);
    throw;
  }
  containers_.rename(*container, name);
  events_.publish(*container, "rename", {{"oldName", "/" + old}});
}

std::shared_ptr<PendingAttach> Engine::begin_attach(Container& container,
                                                    const std::string& query) {
  auto pending = std::make_shared<PendingAttach>();
  pending->query = query;
  std::unique_lock lock(container.mutex);
  require_allowed(Request::attach, container, container.record.id);
  if (!is_up(container.state.status)) {
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

}  // namespace slipway
