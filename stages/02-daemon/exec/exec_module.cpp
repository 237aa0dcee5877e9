#include "exec_module.hpp"

#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr int kCannotRun = 126;
constexpr int kKilled = 137;

/// Docker's words around what a launch says of its command; clients look for what is inside.
std::string failure_text(const std::string& message) {
  if (!message.starts_with("exec: ") && !message.starts_with("chdir ")) return message;
  return "OCI runtime exec failed: exec failed: unable to start container process: " + message +
         ": unknown";
}

}  // namespace

ExecModule::ExecModule() = default;
ExecModule::~ExecModule() = default;

void ExecModule::open(const EngineServices& services) {
  exec_root_ = services.paths.exec_root;
  containers_ = &services.containers;
  events_ = &services.events;
  table_ = std::make_unique<ExecTable>(exec_root_);
  watch_ = std::make_unique<ExecWatch>([this](const std::string& id) { find_end(id); });
  // What went on, or ended, while there was no engine. The shims can be asked without a supervisor.
  for (const ContainerPtr& container : services.containers.all()) {
    for (const Exec& exec : table_->load(container->record.id)) watch(exec);
  }
}

void ExecModule::removed(const ContainerRecord& record, bool /*volumes*/) noexcept {
  table_->forget_container(record.id);
}

void ExecModule::stop_watching() { watch_->stop(); }

void ExecModule::check(CreateRequest& request) {
  if (!JsonFields(request.host_config, "HostConfig").has("ConsoleSize")) return;
  console_size(request.host_config["ConsoleSize"], "HostConfig.ConsoleSize");
}

ShimClient ExecModule::shim(const std::string& container_id) const {
  return {exec_root_, container_id};
}

ContainerPtr ExecModule::running_container(const std::string& reference) const {
  const ContainerPtr container = containers_->find(reference);
  const std::scoped_lock lock(container->mutex);
  require_allowed(slipway::Request::exec, *container, reference);
  return container;
}

void ExecModule::tell(const Exec& exec, const std::string& action,
                      std::map<std::string, std::string> attributes) const {
  const ContainerPtr container = containers_->maybe_find(exec.container_id);
  if (!container) return;
  attributes["execID"] = exec.id;
  events_->publish(*container, action, std::move(attributes));
}

std::string ExecModule::create(const std::string& reference, json request) {
  const ContainerPtr container = running_container(reference);
  const Exec exec = table_->add(container->record.id, std::move(request));
  tell(exec, "exec_create: " + exec_command_text(exec.request));
  return exec.id;
}

/// The container's spec as it was started, with what this process has of its own.
json ExecModule::body_of(const Exec& exec, const ExecStartRequest& start) const {
  const std::string path = shim(exec.container_id).folder().spec();
  json spec = parse_json(read_file(path).value_or("{}"), path);
  write_exec_process(exec.request, start, spec);
  const ContainerPtr container = containers_->find(exec.container_id);
  ExecContext context{container->record, exec.request, spec};
  for (const auto& module : *modules_) module->prepare_exec(context);
  return {{"OpenStdin", JsonFields(exec.request).boolean("AttachStdin") && !start.detach},
          {"Spec",
           {{"process", spec.at("process")},
            {"annotations", spec.value("annotations", json::object())}}}};
}

RawStream ExecModule::start(const Exec& exec, const ExecStartRequest& request, Trace& trace) {
  RawStream stream;
  try {
    const json body = body_of(exec, request);
    tell(exec, "exec_start: " + exec_command_text(exec.request));
    const ShimClient client = shim(exec.container_id);
    if (request.detach) {
      client.start_exec(exec.id, body, trace);
    } else {
      stream = client.start_exec(exec.id, exec_streams(exec.request, request), body, trace);
    }
  } catch (const ApiError& error) {
    const std::string message = failure_text(error.what());
    failed(exec, message);
    throw ApiError(error.status(), message, error.advice());
  } catch (const std::exception& error) {
    failed(exec, error.what());
    throw;
  }
  table_->running(exec.id);
  watch(exec);
  return stream;
}

void ExecModule::failed(const Exec& exec, const std::string& message) {
  const int code = exit_code_of_failed_start(message);
  const ExecExit exit{.code = code == 127 ? code : kCannotRun};
  try {
    write_exec_exit(shim(exec.container_id).folder(), exec.id, exit);
  } catch (const std::exception& error) {  // the container has just gone
    log_line(LogLevel::warning, "exec " + exec.id + ": " + error.what());
  }
  table_->ended(exec.id, exit);
}

/// Its end is told by the end of a stream from its shim. One that has ended already has none.
void ExecModule::watch(const Exec& exec) {
  try {
    watch_->add(exec.id, shim(exec.container_id).watch_exec(exec.id));
  } catch (const std::exception&) {
    find_end(exec.id);
  }
}

/// Its shim knows, or the file that it left. With neither it went down with a shim that was killed.
void ExecModule::find_end(const std::string& id) {
  const Exec exec = table_->find(id);
  const TaskFolder folder = shim(exec.container_id).folder();
  note_end(exec, read_exec_exit(folder, id).value_or(ExecExit{.code = kKilled}));
}

void ExecModule::note_end(const Exec& exec, const ExecExit& exit) {
  if (table_->ended(exec.id, exit)) {
    tell(exec, "exec_die", {{"exitCode", std::to_string(exit.code)}});
  }
}

/// As for an attached container: if it goes on, the keys that detach came in.
void ExecModule::stream_ended(const Exec& exec) const {
  try {
    const json state = shim(exec.container_id).exec_state(exec.id);
    if (state.at("Running") == true) tell(exec, "exec_detach");
  } catch (const std::exception&) {  // its shim has ended, too
  }
}

void ExecModule::resize_container(const std::string& reference, TerminalSize size) const {
  const ContainerPtr container = containers_->find(reference);
  const std::string& id = container->record.id;
  {
    const std::scoped_lock lock(container->mutex);
    require_allowed(slipway::Request::resize, *container, reference);
  }
  try {
    shim(id).resize(size);
    events_->publish(
        *container, "resize",
        {{"height", std::to_string(size.rows)}, {"width", std::to_string(size.columns)}});
  } catch (const SysError&) {  // it has ended this moment
    throw conflict("container " + id + " is not running");
  }
}

void ExecModule::resize(const std::string& id, TerminalSize size) {
  const Exec exec = table_->find(id);
  if (exec.state != ExecState::running) throw bad_request("exec process is not started");
  shim(exec.container_id).resize_exec(id, size);
}

json ExecModule::inspect(const std::string& id) {
  Exec exec = table_->find(id);
  if (!containers_->maybe_find(exec.container_id)) {
    throw not_found("No such exec instance: " + id);
  }
  if (exec.state == ExecState::running) {
    // The end of its output may be with the client before news of its end are with us.
    if (const auto exit = read_exec_exit(shim(exec.container_id).folder(), id)) {
      note_end(exec, *exit);
    } else {
      try {
        exec.pid = shim(exec.container_id).exec_state(id).value("Pid", 0);
      } catch (const std::exception&) {  // it has ended this moment: the watch finds out
      }
    }
    const pid_t pid = exec.pid;
    exec = table_->find(id);
    if (exec.pid == 0) exec.pid = pid;
  }
  return exec_json(exec);
}

void ExecModule::describe(const ContainerRecord& record, json& inspect) const {
  const std::vector<std::string> ids = table_->of_container(record.id);
  inspect["ExecIDs"] = ids.empty() ? json() : json(ids);
}

}  // namespace slipway
