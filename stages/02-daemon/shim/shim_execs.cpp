#include "shim_execs.hpp"

#include <signal.h>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"

namespace slipway {

using nlohmann::json;

AttachOptions attach_options(const HttpQuery& query) {
  return {.in = query.flag("stdin"),
          .out = query.flag("stdout"),
          .err = query.flag("stderr"),
          .framed = query.flag("framed", true),
          .detach_keys = query.value("detachKeys")};
}

TerminalSize terminal_size(const HttpQuery& query) {
  const auto characters = [&](const char* name) {
    const long number = query.number(name).value_or(0);
    if (number < 0 || number > 65535) throw bad_request("invalid " + std::string(name));
    return static_cast<unsigned short>(number);
  };
  return {.rows = characters("h"), .columns = characters("w")};
}

std::string_view stream_type(const AttachOptions& options) {
  return options.framed ? "application/vnd.docker.multiplexed-stream"
                        : "application/vnd.docker.raw-stream";
}

ShimExecs::ShimExecs(EventLoop& loop, const TaskFolder& folder, const std::string& container_id,
                     ExecSteps steps)
    : loop_(loop), folder_(folder), container_id_(container_id), steps_(std::move(steps)) {}

ShimExecs::Session& ShimExecs::running(const std::string& id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || !found->second->running) {
    throw not_found("No such exec instance: " + id);
  }
  return *found->second;
}

void ShimExecs::serve(const HttpRequest& request, ShimReply& reply, const ShimProcess& container) {
  const std::string rest = request.path.substr(std::string_view("/execs/").size());
  const std::string id = rest.substr(0, rest.find('/'));
  const std::string what = rest.substr(id.size());
  if (!is_exec_id(id)) throw not_found("No such exec instance: " + id);
  if (request.method == "GET" && what.empty()) return reply.send(json_response(200, state(id)));
  if (request.method != "POST") throw not_found("page not found");
  if (what.empty()) return start(id, request, reply, container);
  if (what == "/resize") {
    running(id).process->resize(terminal_size(request.query));
    return reply.send({.status = 204});
  }
  if (what != "/attach") throw not_found("page not found");
  ShimProcess& process = *running(id).process;
  const AttachOptions options = attach_options(request.query);
  process.attach(reply.upgrade(stream_type(options)), options);
}

/// The container's own spec with what this process has of its own: all that confines the one confines the other.
ProcessPlan ShimExecs::plan_for(const HttpRequest& request, const ShimProcess& container) const {
  const json body = parse_json(request.body);
  const JsonFields fields(body);
  const bool open_stdin = fields.boolean("OpenStdin");
  json spec = read_task_file(folder_.spec());
  if (fields.has("Spec")) spec.merge_patch(body.at("Spec"));
  return {.spec = std::move(spec),
          .bundle = folder_.path,
          .id = container_id_,
          .container_pidfd = container.pidfd(),
          .container_pid = container.pid(),
          .open_stdin = open_stdin,
          .stdin_once = true,
          .spool_folder = folder_.path};
}

void ShimExecs::start(const std::string& id, const HttpRequest& request, ShimReply& reply,
                      const ShimProcess& container) {
  if (!container.alive()) throw conflict("container " + container_id_ + " is not running");
  if (sessions_.contains(id) || read_exec_exit(folder_, id)) {
    throw conflict("exec command " + id + " has already run");
  }
  auto session = std::make_unique<Session>();
  Session& exec = *session;
  exec.id = id;
  exec.attached = request.headers.has("Upgrade");
  exec.traced = request.headers.has(kTraceHeader);
  exec.options = attach_options(request.query);
  exec.process = std::make_unique<ShimProcess>(
      loop_, exec.trace, plan_for(request, container), steps_(),
      ShimProcess::Hooks{.output = {}, .ended = [this, &exec] { ended(exec); }});
  sessions_[id] = std::move(session);
  exec.waiting.emplace(std::move(reply));
  exec.process->launch([this, &exec](const LaunchFailure* failure) { launched(exec, failure); });
}

void ShimExecs::launched(Session& exec, const LaunchFailure* failure) {
  ShimReply reply = std::move(*exec.waiting);
  exec.waiting.reset();
  HttpHeaders steps;
  const std::vector<TraceStep> told = exec.trace.take_steps();
  if (exec.traced) steps.set(kStepsHeader, steps_to_text(told));
  if (failure != nullptr) {
    exec.over = true;
    HttpResponse response =
        error_response(failure->command_error() ? 400 : 500, failure->what(), failure->advice());
    for (const auto& [name, value] : steps) response.headers.add(name, value);
    return reply.send(std::move(response));
  }
  exec.running = true;
  if (exec.attached) {
    exec.process->attach(reply.upgrade(stream_type(exec.options), steps), exec.options);
  } else {
    HttpResponse response = json_response(201, {{"Pid", exec.process->pid()}});
    for (const auto& [name, value] : steps) response.headers.add(name, value);
    reply.send(std::move(response));
  }
  exec.process->connect_output();
}

/// Written first, told later, as for the container itself.
void ShimExecs::ended(Session& exec) {
  try {
    write_exec_exit(folder_, exec.id, exec.exit());
  } catch (const SysError& error) {
    log_line(LogLevel::error, "exec " + exec.id + ": " + error.what());
  }
  exec.running = false;
  exec.over = true;
  exec.process->finish_clients();
}

json ShimExecs::state(const std::string& id) const {
  const auto found = sessions_.find(id);
  if (found != sessions_.end() && !found->second->over) {
    return {{"Running", found->second->running}, {"Pid", found->second->process->pid()}};
  }
  if (const auto exit = read_exec_exit(folder_, id)) {
    return {{"Running", false}, {"ExitCode", exit->code}, {"Pid", exit->pid}};
  }
  throw not_found("No such exec instance: " + id);
}

void ShimExecs::kill_all() {
  for (const auto& [id, session] : sessions_) {
    if (!session->process->alive()) continue;
    try {
      session->process->signal(SIGKILL);
    } catch (const std::exception&) {  // it has ended by itself
    }
  }
}

void ShimExecs::clean_up() {
  std::erase_if(sessions_, [](const auto& entry) {
    Session& session = *entry.second;
    session.process->drop_gone_clients();
    return session.over && session.process->clients() == 0;
  });
}

}  // namespace slipway
