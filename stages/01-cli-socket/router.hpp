#pragma once
/// \file
/// Routes: method and path pattern to handler. The engine's, the supervisor's and the shim's API are each
/// one such table.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http_server.hpp"

namespace slipway {

/// One segment of a pattern or several: "/containers/{id}/json", "/images/{name:.*}/json" ({name:.*} matches
/// slashes too). Parameters are decoded.
class RoutePattern {
 public:
  explicit RoutePattern(std::string pattern);
  /// The parameters if `path` matches as a whole.
  [[nodiscard]] std::optional<std::vector<std::pair<std::string, std::string>>> match(
      std::string_view path) const;
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  struct Part {
    std::string text;  ///< literal text, or the parameter's name
    bool parameter = false;
    bool slashes = false;  ///< {name:.*}
  };
  static bool match_from(const std::vector<Part>& parts, std::size_t at, std::string_view path,
                         std::vector<std::pair<std::string, std::string>>& found);
  std::string text_;
  std::vector<Part> parts_;
};

/// The table. Filled before the server runs, read-only then, so thread-safe.
class Router {
 public:
  using Handler = std::function<void(Exchange&)>;

  /// Adds a route; earlier ones win. A GET route answers HEAD too (the server leaves the body out).
  void add(std::string_view method, std::string_view pattern, Handler handler);

  /// Finds and calls the handler. A path that is unknown, or known with another method only, is 404 "page not
  /// found", as dockerd answers it (never 405).
  /// \throws ApiError
  void serve(Exchange& exchange) const;

  /// "GET /containers/json" and so on, in the order of adding.
  [[nodiscard]] std::vector<std::string> routes() const;

 private:
  struct Route {
    std::string method;
    RoutePattern pattern;
    Handler handler;
  };
  std::vector<Route> routes_;
};

/// The API versions that the engine speaks.
inline constexpr std::string_view kApiVersion = "1.50";
inline constexpr std::string_view kMinApiVersion = "1.24";

/// Checks a request's version prefix. \throws ApiError 400 in dockerd's words (too new, too old)
void check_api_version(std::string_view version);
/// True if the request came with a version below `version` ("1.42"); a request without a prefix counts as newest.
bool api_version_below(const HttpRequest& request, std::string_view version);

}  // namespace slipway
