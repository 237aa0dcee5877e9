#pragma once
/// \file
/// An engine that only pretends: for tests of the command line alone. It notes each request and answers as told.

#include <mutex>
#include <nlohmann/json.hpp>

#include "01-cli-socket/local_server.hpp"
#include "01-cli-socket/router.hpp"
#include "02-daemon/base/stdio_mux.hpp"

namespace slipway::test {

class FakeEngine {
 public:
  /// Answers with this status and JSON.
  void answer(const std::string& method, const std::string& pattern, int status,
              nlohmann::json body) {
    router_.add(method, pattern, [status, body = std::move(body)](Exchange& exchange) {
      exchange.respond(status == 204 || status == 304 ? HttpResponse{.status = status}
                                                      : json_response(status, body));
    });
  }
  void on(const std::string& method, const std::string& pattern, Router::Handler handler) {
    router_.add(method, pattern, std::move(handler));
  }

  /// Runs stage 02's slipway against it.
  CommandResult slipway(const std::vector<std::string>& arguments, CommandOptions options = {}) {
    return run_command(line(arguments), std::move(options));
  }
  [[nodiscard]] std::vector<std::string> line(const std::vector<std::string>& arguments) const {
    std::vector<std::string> words = {program("slipway", "02"), "-H", "unix://" + server_.path()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
  }
  /// "METHOD /path?query", in order.
  std::vector<std::string> requests() {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }
  /// The last body that a request had.
  nlohmann::json last_body() {
    const std::scoped_lock lock(mutex_);
    return last_body_.empty() ? nlohmann::json() : nlohmann::json::parse(last_body_);
  }

 private:
  void serve(Exchange& exchange) {
    const HttpRequest& request = exchange.request();
    const std::string target =
        request.target.substr(request.target.find('/', 1));  // without /v1.50
    const std::string body = exchange.read_body();
    {
      const std::scoped_lock lock(mutex_);
      requests_.push_back(request.method + " " + target);
      if (!body.empty()) last_body_ = body;
    }
    router_.serve(exchange);
  }

  Router router_;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::string last_body_;
  LocalServer server_{[this](Exchange& exchange) { serve(exchange); }};
};

}  // namespace slipway::test
