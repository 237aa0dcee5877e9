#include "supervisor_api.hpp"

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "02-daemon/base/client_watch.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// Ids become file names: 64 hex digits and nothing else.
std::string checked_id(const Exchange& exchange) {
  std::string id = exchange.parameter("id");
  if (id.size() != 64 || id.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw bad_request("task id must be 64 hex digits, got '" + id + "'");
  }
  return id;
}

/// Which run of the container is meant: a request of an engine that is dead must not touch the next engine's.
std::string run_of(const Exchange& exchange) {
  const std::string& run = exchange.request().query.value("run");
  if (run.empty()) throw bad_request("run: the run's StartedAt is required");
  return run;
}

void create_task(Exchange& exchange, TaskTable& tasks) {
  const json body = read_json_body(exchange);
  TaskRequest request{.id = checked_id(exchange),
                      .spec = body.value("Spec", json()),
                      .settings = task_settings_from_json(body.value("Settings", json()))};
  if (!request.spec.is_object()) throw bad_request("Spec: expected an object");
  const auto wanted = [&] { return !client_left(exchange); };
  exchange.respond(json_response(201, tasks.create(request, exchange.trace(), wanted)));
}

void start_task(Exchange& exchange, TaskTable& tasks) {
  tasks.start(checked_id(exchange), run_of(exchange), exchange.trace());
  exchange.respond({.status = 204});
}

void kill_task(Exchange& exchange, TaskTable& tasks) {
  const long signal = exchange.request().query.number("signal").value_or(9);
  tasks.kill(checked_id(exchange), run_of(exchange), static_cast<int>(signal), exchange.trace());
  exchange.respond({.status = 204});
}

void record_failed_start(Exchange& exchange, TaskTable& tasks) {
  const json body = read_json_body(exchange);
  const JsonFields fields(body);
  tasks.record_failed_start({.id = checked_id(exchange),
                             .run = fields.text("StartedAt"),
                             .exit_code = static_cast<int>(fields.integer("ExitCode")),
                             .message = fields.text("Error")});
  exchange.respond({.status = 204});
}

void list_exits(Exchange& exchange, TaskTable& tasks) {
  json list = json::array();
  for (const ExitRecord& record : tasks.exits()) list.push_back(to_json(record));
  exchange.respond(json_response(200, list));
}

/// A line of JSON per exit. The first line is empty: from then on no exit is missed.
void stream_exits(Exchange& exchange, TaskTable& tasks, const HttpServer& server) {
  std::uint64_t number = tasks.feed().next_number();
  exchange.begin_stream({.status = 200, .headers = {{"Content-Type", "application/json"}}});
  exchange.write_chunk("\n");
  while (!server.stopping() && !client_left(exchange)) {
    const auto item = tasks.feed().next(number, 500);
    if (!item) continue;
    if (item->number != number)
      return;  // some were missed: cut off, it looks into the ledger when it comes again
    number = item->number + 1;
    exchange.write_chunk(dump_json(to_json(item->value)) + "\n");
  }
  exchange.end_stream();
}

/// The engine goes, and needs us no more; but containers that run do.
void dismiss(Exchange& exchange, TaskTable& tasks, HttpServer& server) {
  if (!tasks.empty()) throw conflict("there are tasks");
  exchange.respond({.status = 204});
  server.stop();
}

}  // namespace

void add_supervisor_routes(Router& router, TaskTable& tasks,
                           const std::unique_ptr<HttpServer>& server) {
  router.add("GET", "/_ping", [](Exchange& exchange) {
    exchange.respond({.headers = {{"Content-Type", "text/plain"}}, .body = "OK"});
  });
  router.add("GET", "/tasks", [&tasks](Exchange& exchange) {
    exchange.respond(json_response(200, tasks.describe_all()));
  });
  router.add("GET", "/tasks/{id}", [&tasks](Exchange& exchange) {
    exchange.respond(json_response(200, tasks.describe(checked_id(exchange))));
  });
  router.add("POST", "/tasks/{id}", [&tasks](Exchange& e) { create_task(e, tasks); });
  router.add("POST", "/tasks/{id}/start", [&tasks](Exchange& e) { start_task(e, tasks); });
  router.add("POST", "/tasks/{id}/kill", [&tasks](Exchange& e) { kill_task(e, tasks); });
  router.add("DELETE", "/tasks/{id}", [&tasks](Exchange& exchange) {
    tasks.remove(checked_id(exchange), exchange.trace());
    exchange.respond({.status = 204});
  });
  router.add("DELETE", "/tasks/{id}/start", [&tasks](Exchange& exchange) {
    tasks.withdraw(checked_id(exchange), run_of(exchange));
    exchange.respond({.status = 204});
  });
  router.add("GET", "/exits", [&tasks](Exchange& e) { list_exits(e, tasks); });
  router.add("PUT", "/exits/{id}", [&tasks](Exchange& e) { record_failed_start(e, tasks); });
  router.add("GET", "/events", [&tasks, &server](Exchange& e) { stream_exits(e, tasks, *server); });
  router.add("POST", "/dismiss", [&tasks, &server](Exchange& e) { dismiss(e, tasks, *server); });
}

}  // namespace slipway
