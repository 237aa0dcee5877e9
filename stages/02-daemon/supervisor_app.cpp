#include "supervisor_app.hpp"

#include <cstdlib>
#include <exception>

#include "01-cli-socket/cli_app.hpp"
#include "01-cli-socket/daemon_app.hpp"
#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/router.hpp"
#include "02-daemon/base/open_files.hpp"
#include "02-daemon/supervisor/supervisor_api.hpp"

namespace slipway {
namespace {

int serve(const DaemonOptions& options) {
  const DaemonGuard guard(options);
  TaskTable tasks(options.exec_root, options.data_root);
  tasks.recover();
  Router router;
  std::unique_ptr<HttpServer> server;
  add_supervisor_routes(router, tasks, server);
  server = std::make_unique<HttpServer>("supervisor",
                                        [&router](Exchange& exchange) { router.serve(exchange); });
  return serve_until_signal(options, *server);
}

}  // namespace

int run_supervisor(int argc, char** argv) {
  DaemonOptions options{.socket_mode = 0600, .socket_group = ""};
  std::string socket;
  const auto code =
      parse_flags(argc, argv, "slipway-supervisor: starts containers and keeps the exit ledger",
                  {{"--socket", &socket, "Listen on this unix socket", true},
                   {"--tasks", &options.exec_root, "Folder of running tasks", true},
                   {"--ledger", &options.data_root, "Folder of exit records", true}});
  if (code) return *code;
  options.hosts = {"unix://" + socket};
  raise_open_files_limit();
  // For the shims, which inherit it: glibc keeps small freed blocks for the thread that freed them, a few of each size, all
  // over the heap (tcache). In a shim they would pin pages of its start for as long as the container lives.
  ::setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", /*overwrite=*/1);
  try {
    return serve(options);
  } catch (const std::exception& error) {
    log_line(LogLevel::error, error.what());
    return 1;
  }
}

}  // namespace slipway
