#include "container_api.hpp"

#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "02-daemon/base/client_watch.hpp"
#include "02-daemon/base/detach_filter.hpp"
#include "02-daemon/base/signals.hpp"
#include "02-daemon/task/shim_client.hpp"
#include "attach_proxy.hpp"
#include "container_prune.hpp"
#include "container_top.hpp"
#include "container_view.hpp"
#include "create_request.hpp"
#include "disk_usage.hpp"
#include "event_api.hpp"
#include "explain_view.hpp"
#include "log_api.hpp"
#include "request_shape.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// What every handler has at hand.
struct Api {
  Engine& engine;
  const std::unique_ptr<HttpServer>& server;
  std::string exec_root;

  [[nodiscard]] ContainerPtr container(const Exchange& exchange) const {
    return engine.containers().find(exchange.parameter("id"));
  }
  /// For calls that change something and wait for it: go on while the server does.
  [[nodiscard]] std::function<bool()> while_serving() const {
    return [this] { return !server->stopping(); };
  }
  /// For calls that wait: go on only while client and server are there.
  [[nodiscard]] std::function<bool()> while_wanted(const Exchange& exchange) const {
    return [this, &exchange] { return !server->stopping() && !client_left(exchange); };
  }
};

void create(Exchange& exchange, const Api& api) {
  const CreatedContainer created =
      api.engine.create(read_create_request(exchange), exchange.trace());
  exchange.respond(json_response(201, {{"Id", created.id}, {"Warnings", created.warnings}}));
}

void start(Exchange& exchange, const Api& api) {
  // Docker's own rule: clients before API 1.24 sent settings here, and "{}\r\n" or "null" are none.
  if (exchange.read_body().size() > 7) {
    throw bad_request(
        "starting container with non-empty request body was deprecated since API "
        "v1.22 and removed in v1.24");
  }
  api.engine.start(exchange.parameter("id"), exchange.trace());
  exchange.respond({.status = 204});
}

void kill(Exchange& exchange, const Api& api) {
  const std::string signal = exchange.request().query.value("signal", "KILL");
  api.engine.kill(exchange.parameter("id"), parse_signal(signal), exchange.trace(),
                  api.while_serving());
  exchange.respond({.status = 204});
}

/// Before API 1.42 `signal` was not a parameter of stop.
std::optional<int> stop_signal(const HttpRequest& request) {
  const std::string signal = request.query.value("signal");
  if (signal.empty() || api_version_below(request, "1.42")) return std::nullopt;
  return parse_signal(signal);
}

void stop(Exchange& exchange, const Api& api) {
  const HttpRequest& request = exchange.request();
  api.engine.stop(exchange.parameter("id"), request.query.number("t"), stop_signal(request),
                  exchange.trace(), api.while_serving());
  exchange.respond({.status = 204});
}

void restart(Exchange& exchange, const Api& api) {
  const HttpRequest& request = exchange.request();
  api.engine.restart(exchange.parameter("id"), request.query.number("t"), stop_signal(request),
                     exchange.trace(), api.while_serving());
  exchange.respond({.status = 204});
}

void rename(Exchange& exchange, const Api& api) {
  api.engine.rename(exchange.parameter("id"), exchange.request().query.value("name"),
                    exchange.trace());
  exchange.respond({.status = 204});
}

void update(Exchange& exchange, const Api& api) {
  const json changes = read_json_body(exchange);
  check_update_shape(changes);
  const std::vector<std::string> warnings = api.engine.update(exchange.parameter("id"), changes);
  exchange.respond(json_response(200, {{"Warnings", warnings}}));
}

void top(Exchange& exchange, const Api& api) {
  const ContainerPtr container = api.container(exchange);
  pid_t first = 0;
  {
    const std::scoped_lock lock(container->mutex);
    require_allowed(Request::top, *container, exchange.parameter("id"));
    first = container->state.pid;
  }
  const json answer = container_processes(first, api.engine.processes(*container),
                                          exchange.request().query.value("ps_args"));
  api.engine.events().publish(*container, "top");
  exchange.respond(json_response(200, answer));
}

WaitCondition wait_condition(const std::string& text) {
  if (text.empty() || text == "not-running") return WaitCondition::not_running;
  if (text == "next-exit") return WaitCondition::next_exit;
  if (text == "removed") return WaitCondition::removed;
  throw bad_request("invalid condition: \"" + text + "\"");
}

/// The head goes out at once: the client starts the container only after it has read it.
void wait(Exchange& exchange, const Api& api) {
  const ContainerPtr container = api.container(exchange);
  const WaitCondition condition = wait_condition(exchange.request().query.value("condition"));
  const std::uint64_t exits = Engine::exits_of(*container);
  exchange.begin_stream({.status = 200, .headers = {{"Content-Type", "application/json"}}});
  const auto state = api.engine.wait(*container, condition, exits, api.while_wanted(exchange));
  if (!state) return;
  {
    const std::scoped_lock lock(container->mutex);
    exchange.trace().add(container->exit_steps);
  }
  exchange.write_chunk(dump_json({{"StatusCode", state->exit_code}}) + "\n");
  exchange.end_stream();
}

/// The keys as bytes: whatever the client calls them, the shim compares what is typed.
std::string detach_keys(const HttpQuery& query) {
  const std::string keys = query.value("detachKeys", kDefaultDetachKeys);
  try {
    return parse_detach_keys(keys);
  } catch (const std::runtime_error&) {
    throw bad_request("Invalid detach keys (" + keys + ") provided");
  }
}

std::string attach_query(const HttpQuery& query, const Container& container) {
  const bool stream = query.flag("stream");
  const bool open_stdin = JsonFields(container.record.config, "Config").boolean("OpenStdin");
  std::string text;
  for (const std::string name : {"stdin", "stdout", "stderr"}) {
    const bool wanted = stream && query.flag(name) && (name != "stdin" || open_stdin);
    text += (text.empty() ? "" : "&") + name + (wanted ? "=1" : "=0");
  }
  return text + "&detachKeys=" + percent_encode(detach_keys(query));
}

/// A shim tells its clients of an end after it has seen it. If it ends a client's stream and its process goes on, then
/// because the keys that detach came in.
bool goes_on(const Api& api, const Container& container) {
  try {
    return ShimClient(api.exec_root, container.record.id).state().at("Status") == "running";
  } catch (const std::exception&) {  // the shim has ended, too
    return false;
  }
}

void attach(Exchange& exchange, const Api& api) {
  const ContainerPtr container = api.container(exchange);
  const std::string query = attach_query(exchange.request().query, *container);
  const bool framed = !JsonFields(container->record.config, "Config").boolean("Tty") &&
                      !api_version_below(exchange.request(), "1.42");
  const auto pending = api.engine.begin_attach(*container, query);
  RawStream client = exchange.hijack(framed ? "application/vnd.docker.multiplexed-stream"
                                            : "application/vnd.docker.raw-stream");
  api.engine.events().publish(*container, "attach");
  auto shim = api.engine.attach(*container, pending, api.while_wanted(exchange));
  if (!shim) return client.shutdown_write();
  if (proxy_attach(client, *shim) && goes_on(api, *container)) {
    api.engine.events().publish(*container, "detach");
  }
}

void remove(Exchange& exchange, const Api& api) {
  const HttpQuery& query = exchange.request().query;
  if (query.flag("link")) {
    static_cast<void>(api.container(exchange));
    throw conflict("Conflict, cannot remove the default link name of the container");
  }
  api.engine.remove(exchange.parameter("id"),
                    {.force = query.flag("force"), .volumes = query.flag("v")}, exchange.trace(),
                    api.while_serving());
  exchange.respond({.status = 204});
}

}  // namespace

void add_container_routes(Router& router, Engine& engine, const std::unique_ptr<HttpServer>& server,
                          const std::string& exec_root) {
  const Api api{engine, server, exec_root};
  const auto add = [&](std::string_view method, std::string_view path, auto handler) {
    router.add(method, path, [api, handler](Exchange& exchange) { handler(exchange, api); });
  };
  add("GET", "/containers/json", [](Exchange& exchange, const Api& a) {
    exchange.respond({.status = 200,
                      .headers = {{"Content-Type", "application/json"}},
                      .body = containers_text(a.engine, exchange.request())});
  });
  add("GET", "/system/df", [](Exchange& exchange, const Api& a) {
    exchange.respond(json_response(200, disk_usage(a.engine, exchange.request())));
  });
  add("POST", "/containers/create", create);
  add("GET", "/containers/{id}/json", [](Exchange& exchange, const Api& a) {
    exchange.respond(json_response(
        200, inspect_container(a.engine, *a.container(exchange), exchange.request())));
  });
  add("GET", "/containers/{id}/explain", [](Exchange& exchange, const Api& a) {
    exchange.respond(json_response(200, explain_container(a.engine, *a.container(exchange))));
  });
  add("GET", "/containers/{id}/logs", [](Exchange& exchange, const Api& a) {
    serve_logs(exchange, a.engine, [&a] { return a.server->stopping(); });
  });
  add("GET", "/events", [](Exchange& exchange, const Api& a) {
    serve_events(exchange, a.engine.events(), [&a] { return a.server->stopping(); });
  });
  add("POST", "/containers/prune", [](Exchange& exchange, const Api& a) {
    const HttpQuery& query = exchange.request().query;
    exchange.respond(
        json_response(200, prune_containers(a.engine, query, exchange.trace(), a.while_serving())));
  });
  add("GET", "/containers/{id}/top", top);
  add("POST", "/containers/{id}/start", start);
  add("POST", "/containers/{id}/stop", stop);
  add("POST", "/containers/{id}/restart", restart);
  add("POST", "/containers/{id}/kill", kill);
  add("POST", "/containers/{id}/rename", rename);
  add("POST", "/containers/{id}/update", update);
  add("POST", "/containers/{id}/wait", wait);
  add("POST", "/containers/{id}/attach", attach);
  add("DELETE", "/containers/{id}", remove);
}

}  // namespace slipway
