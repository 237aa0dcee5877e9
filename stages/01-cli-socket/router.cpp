#include "router.hpp"

#include <algorithm>
#include <charconv>

#include "api_error.hpp"

namespace slipway {
namespace {

/// "1.50" as {1, 50}; a part that is missing is 0.
std::pair<int, int> version_numbers(std::string_view version) {
  std::pair<int, int> numbers{0, 0};
  const std::size_t dot = std::min(version.find('.'), version.size());
  std::from_chars(version.data(), version.data() + dot, numbers.first);
  if (dot < version.size()) {
    std::from_chars(version.data() + dot + 1, version.data() + version.size(), numbers.second);
  }
  return numbers;
}

}  // namespace

RoutePattern::RoutePattern(std::string pattern) : text_(std::move(pattern)) {
  std::string_view rest = text_;
  while (!rest.empty()) {
    const std::size_t open = std::min(rest.find('{'), rest.size());
    if (open > 0) parts_.push_back({.text = std::string(rest.substr(0, open))});
    rest.remove_prefix(open);
    if (rest.empty()) break;
    const std::size_t end = rest.find('}');
    std::string_view name = rest.substr(1, end - 1);
    const bool slashes = name.ends_with(":.*");
    if (slashes) name.remove_suffix(3);
    parts_.push_back({.text = std::string(name), .parameter = true, .slashes = slashes});
    rest.remove_prefix(end + 1);
  }
}

bool RoutePattern::match_from(const std::vector<Part>& parts, std::size_t at, std::string_view path,
                              std::vector<std::pair<std::string, std::string>>& found) {
  if (at == parts.size()) return path.empty();
  const Part& part = parts[at];
  if (!part.parameter) {
    return path.starts_with(part.text) &&
           match_from(parts, at + 1, path.substr(part.text.size()), found);
  }
  // Longest first: an image name may hold "/json" itself.
  //@exercise 01.2 Match one parameter, and the rest of the pattern behind it
  //@hint   a parameter ends at the next '/', unless it takes slashes; it is never empty
  //@hint   try an end, ask match_from() for the rest of the parts; if that fails, try a shorter one
  //@stub   return false;
  std::size_t end = part.slashes ? path.size() : std::min(path.find('/'), path.size());
  for (; end > 0; --end) {
    if (match_from(parts, at + 1, path.substr(end), found)) {
      found.emplace_back(part.text, percent_decode(path.substr(0, end)));
      return true;
    }
  }
  return false;
  //@end
}

std::optional<std::vector<std::pair<std::string, std::string>>> RoutePattern::match(
    std::string_view path) const {
  std::vector<std::pair<std::string, std::string>> found;
  if (!match_from(parts_, 0, path, found)) return std::nullopt;
  return found;
}

void Router::add(std::string_view method, std::string_view pattern, Handler handler) {
  routes_.push_back({std::string(method), RoutePattern(std::string(pattern)), std::move(handler)});
}

//@region route
void Router::serve(Exchange& exchange) const {
  const HttpRequest& request = exchange.request();
  for (const Route& route : routes_) {
    const bool method =
        route.method == request.method || (route.method == "GET" && request.method == "HEAD");
    if (!method) continue;
    auto parameters = route.pattern.match(request.path);
    if (!parameters) continue;
    exchange.set_parameters(std::move(*parameters));
    route.handler(exchange);
    return;
  }
  throw not_found("page not found");
}
//@endregion

std::vector<std::string> Router::routes() const {
  std::vector<std::string> lines;
  for (const Route& route : routes_) lines.push_back(route.method + " " + route.pattern.text());
  return lines;
}

void check_api_version(std::string_view version) {
  if (version.empty()) return;
  const auto wanted = version_numbers(version);
  if (wanted > version_numbers(kApiVersion)) {
    throw bad_request("client version " + std::string(version) +
                      " is too new. Maximum supported API version is " + std::string(kApiVersion));
  }
  if (wanted < version_numbers(kMinApiVersion)) {
    throw bad_request("client version " + std::string(version) +
                      " is too old. Minimum supported API version is " +
                      std::string(kMinApiVersion) +
                      ", please upgrade your client to a newer version");
  }
}

bool api_version_below(const HttpRequest& request, std::string_view version) {
  return !request.version.empty() && version_numbers(request.version) < version_numbers(version);
}

}  // namespace slipway
