#include "engine_app.hpp"

#include <exception>
#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/daemon_app.hpp"
#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/system_api.hpp"
#include "02-daemon/api/container_api.hpp"
#include "02-daemon/base/open_files.hpp"
#include "02-daemon/engine/engine.hpp"
#include "02-daemon/exec/exec_module.hpp"

namespace slipway {

using nlohmann::json;

namespace {

void describe(const Engine& engine, json& info) {
  int running = 0;
  int paused = 0;
  const std::vector<ContainerPtr> all = engine.containers().all();
  for (const ContainerPtr& container : all) {
    const std::scoped_lock lock(container->mutex);
    running += container->state.status == Status::running ? 1 : 0;
    paused += container->state.status == Status::paused ? 1 : 0;
  }
  info["Containers"] = all.size();
  info["ContainersRunning"] = running;
  info["ContainersPaused"] = paused;
  info["ContainersStopped"] = static_cast<int>(all.size()) - running - paused;
  info["Plugins"]["Log"] = {"json-file", "local"};
  info["Runtimes"] = {{"runc", {{"path", "slipway-shim"}}}};
  info["DefaultRuntime"] = "runc";
  for (const auto& module : engine.modules()) module->describe_system(info);
}

/// An error for a version below the API's first is plain text: clients that old do not read JSON.
void serve(const Router& router, Exchange& exchange) {
  try {
    check_api_version(exchange.request().version);
  } catch (const ApiError& error) {
    if (!api_version_below(exchange.request(), kMinApiVersion)) throw;
    exchange.respond({.status = error.status(),
                      .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
                      .body = std::string(error.what()) + "\n"});
    return;
  }
  router.serve(exchange);
}

int run(const DaemonOptions& options, EngineModules modules) {
  const DaemonGuard guard(options);
  modules.push_back(std::make_unique<ExecModule>());
  auto& execs = static_cast<ExecModule&>(*modules.back());
  Engine engine({options.data_root, options.exec_root}, std::move(modules));
  execs.serve_with(engine.modules());
  Router router;
  std::unique_ptr<HttpServer> server;
  add_system_routes(router, {.data_root = options.data_root,
                             .debug = options.debug,
                             .describe = [&engine](json& info) { describe(engine, info); }});
  add_container_routes(router, engine, server, options.exec_root);
  for (const auto& module : engine.modules()) module->add_routes(router);
  server = std::make_unique<HttpServer>(
      "engine", [&router](Exchange& exchange) { serve(router, exchange); }, standard_headers());
  const int code = serve_until_signal(options, *server);
  execs.stop_watching();
  return code;
}

}  // namespace

int run_engine(int argc, char** argv, EngineModules modules) {
  DaemonOptions options;
  const auto code = parse_daemon_flags(argc, argv, "slipwayd: the engine", options);
  if (code) return *code;
  raise_open_files_limit();
  try {
    return run(options, std::move(modules));
  } catch (const std::exception& error) {
    log_line(LogLevel::error, error.what());
    return 1;
  }
}

}  // namespace slipway
