#include "system_daemon.hpp"

#include <iostream>

#include "daemon_app.hpp"
#include "router.hpp"
#include "system_api.hpp"

namespace slipway {
namespace {

//@region serve
int serve(const DaemonOptions& options) {
  const DaemonGuard guard(options);
  Router router;
  add_system_routes(router,
                    {.data_root = options.data_root, .debug = options.debug, .describe = {}});
  HttpServer server(
      "engine",
      [&router](Exchange& exchange) {
        check_api_version(exchange.request().version);
        router.serve(exchange);
      },
      standard_headers());
  return serve_until_signal(options, server);
}
//@endregion

}  // namespace

int run_system_daemon(int argc, char** argv) {
  DaemonOptions options;
  if (const auto code = parse_daemon_flags(argc, argv, "A daemon that says who it is", options))
    return *code;
  try {
    return serve(options);
  } catch (const std::exception& error) {
    std::cerr << "slipwayd: " << error.what() << '\n';
    return 1;
  }
}

}  // namespace slipway
