// The routes of exec and of terminals.

#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "02-daemon/api/attach_proxy.hpp"
#include "02-daemon/base/stdio_mux.hpp"
#include "exec_module.hpp"

namespace slipway {

using nlohmann::json;

namespace {

TerminalSize size_of(const HttpQuery& query) {
  const auto characters = [&](const char* name, const char* word) {
    const std::string text = query.value(name, "0");
    const bool digits = text.size() <= 5 && text.find_first_not_of("0123456789") == text.npos;
    const int number = digits ? std::stoi(text) : -1;
    if (number < 0 || number > 65535) {
      throw bad_request("invalid resize " + std::string(word) + " \"" + text + "\"");
    }
    return static_cast<unsigned short>(number);
  };
  return {.rows = characters("h", "height"), .columns = characters("w", "width")};
}

/// The 101 goes out before anything runs, in a write of its own: there are clients that lose what comes with it.
RawStream begin_stream(Exchange& exchange, bool framed) {
  const bool multiplexed = framed && exchange.request().headers.has("Upgrade") &&
                           !api_version_below(exchange.request(), "1.42");
  return exchange.hijack(multiplexed ? "application/vnd.docker.multiplexed-stream"
                                     : "application/vnd.docker.raw-stream");
}

/// From here on the only way to say what went wrong is the stream itself.
void run_attached(ExecModule& execs, const Exec& exec, const ExecStartRequest& request,
                  RawStream client, Trace& trace) {
  try {
    RawStream shim = execs.start(exec, request, trace);
    execs.table().keep_steps(exec.id, trace.steps());
    if (proxy_attach(client, shim)) execs.stream_ended(exec);
  } catch (const std::exception& error) {
    execs.table().keep_steps(exec.id, trace.steps());
    const std::string text = std::string(error.what()) + "\r\n";
    client.write_all(request.tty ? text : encode_frame(StdioStream::out, text));
    client.shutdown_write();
  }
}

void start_exec(Exchange& exchange, ExecModule& execs) {
  const ExecStartRequest request = read_exec_start(exchange);
  const Exec known = execs.table().find(exchange.parameter("id"));
  if (known.state == ExecState::created) {
    static_cast<void>(execs.running_container(known.container_id));
  }
  const Exec exec = execs.table().begin_start(known.id);
  if (!request.detach) {
    return run_attached(execs, exec, request, begin_stream(exchange, !request.tty),
                        exchange.trace());
  }
  static_cast<void>(execs.start(exec, request, exchange.trace()));
  exchange.respond({.status = 200});
}

}  // namespace

json exec_json(const Exec& exec) {
  const JsonFields request(exec.request);
  const std::vector<std::string> command = request.texts("Cmd");
  json process{{"tty", request.boolean("Tty")},
               {"entrypoint", command.front()},
               {"arguments", std::vector<std::string>(command.begin() + 1, command.end())},
               {"privileged", request.boolean("Privileged")}};
  if (!request.text("User").empty()) process["user"] = request.text("User");
  return {{"ID", exec.id},
          {"ContainerID", exec.container_id},
          {"Running", exec.state == ExecState::running || exec.state == ExecState::starting},
          {"ExitCode", exec.exit_code ? json(*exec.exit_code) : json()},
          {"Pid", exec.pid},
          {"OpenStdin", request.boolean("AttachStdin")},
          {"OpenStdout", request.boolean("AttachStdout")},
          {"OpenStderr", request.boolean("AttachStderr")},
          {"CanRemove", false},
          {"DetachKeys", ""},
          {"ProcessConfig", std::move(process)}};
}

void ExecModule::add_routes(Router& router) {
  router.add("POST", "/containers/{id}/exec", [this](Exchange& exchange) {
    json request = read_exec_request(exchange);
    const std::string id = create(exchange.parameter("id"), std::move(request));
    exchange.respond(json_response(201, {{"Id", id}}));
  });
  router.add("POST", "/exec/{id}/start",
             [this](Exchange& exchange) { start_exec(exchange, *this); });
  router.add("POST", "/exec/{id}/resize", [this](Exchange& exchange) {
    resize(exchange.parameter("id"), size_of(exchange.request().query));
    exchange.respond({.status = 200});
  });
  router.add("GET", "/exec/{id}/json", [this](Exchange& exchange) {
    const json answer = inspect(exchange.parameter("id"));
    if (exchange.trace().on()) exchange.trace().add(table().take_steps(answer.at("ID")));
    exchange.respond(json_response(200, answer));
  });
  router.add("POST", "/containers/{id}/resize", [this](Exchange& exchange) {
    resize_container(exchange.parameter("id"), size_of(exchange.request().query));
    exchange.respond({.status = 200});
  });
}

}  // namespace slipway
