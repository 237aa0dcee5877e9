#pragma once
/// \file
/// A client of the engine for one thread of a storm: the engine may die under any request.

#include <functional>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "01-cli-socket/http_client.hpp"
#include "harness/harness.hpp"

namespace slipway::test {

/// Speaks to one socket. Not thread-safe.
class Api {
 public:
  explicit Api(std::string socket) : client_(std::move(socket)) {
    client_.patience_ms = static_cast<int>(limit(std::chrono::seconds(30)).count());
  }

  /// One request. Nothing if no whole answer came: whatever was asked for may have been done, or not.
  std::optional<HttpResponse> ask(std::string_view method, const std::string& target,
                                  const nlohmann::json& body = {}) {
    try {
      return client_.request(method, target, body.is_null() ? "" : body.dump());
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }

  /// The same until an answer comes. \throws std::runtime_error if none does for a long time
  HttpResponse insist(std::string_view method, const std::string& target,
                      const nlohmann::json& body = {}) {
    std::optional<HttpResponse> answer;
    if (!eventually([&] { return (answer = ask(method, target, body)).has_value(); },
                    std::chrono::seconds(60))) {
      throw std::runtime_error("no answer to " + std::string(method) + " " + target);
    }
    return *answer;
  }

 private:
  HttpClient client_;
};

}  // namespace slipway::test
