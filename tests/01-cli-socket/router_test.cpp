/// \file
/// The route table, and the versions of the API. Invariant 01-I4 of the stage's page.

#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/router.hpp"
#include "01-cli-socket/system_api.hpp"
#include "local_server.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;

namespace {

/// "name=value;…" of what the pattern found, or "no".
std::string matched(const std::string& pattern, const std::string& path) {
  const auto found = RoutePattern(pattern).match(path);
  if (!found) return "no";
  std::string text;
  for (const auto& [name, value] : *found) text += name + "=" + value + ";";
  return text;
}

}  // namespace

TEST_CASE("patterns match whole paths, segment by segment", "[router]") {
  const auto [pattern, path, expected] = GENERATE(table<std::string, std::string, std::string>(
      {{"/_ping", "/_ping", ""},
       {"/_ping", "/_ping/", "no"},
       {"/_ping", "/_pin", "no"},
       {"/_ping", "/x/_ping", "no"},
       {"/containers/{id}/json", "/containers/abc/json", "id=abc;"},
       {"/containers/{id}/json", "/containers//json", "no"},
       {"/containers/{id}/json", "/containers/a/b/json", "no"},
       {"/containers/{id}/json", "/containers/json", "no"},
       {"/containers/{id}", "/containers/a%2Fb%20c", "id=a/b c;"},
       {"/images/{name:.*}/json", "/images/a/b:c@sha256:d/json", "name=a/b:c@sha256:d;"},
       {"/images/{name:.*}/json", "/images/json/json", "name=json;"},
       {"/images/{name:.*}/json", "/images/json", "no"},
       {"/images/{name:.*}/json", "/images/x/json/json", "name=x/json;"},
       {"/{path:.*}", "/anything/at/all", "path=anything/at/all;"}}));
  CAPTURE(pattern, path);
  CHECK(matched(pattern, path) == expected);
}

TEST_CASE("the first route that fits wins; no route and the wrong method are both 404",
          "[router]") {
  Router router;
  const auto say = [](std::string text) {
    return [text](Exchange& exchange) {
      exchange.respond({.status = 200, .headers = {}, .body = text + exchange.parameter("id")});
    };
  };
  router.add("GET", "/c/json", say("list"));
  router.add("GET", "/c/{id}", say("one "));
  router.add("POST", "/c/{id}", say("post "));
  LocalServer server([&](Exchange& exchange) { router.serve(exchange); });
  HttpClient client = server.client();
  CHECK(client.request("GET", "/c/json").body == "list");
  CHECK(client.request("GET", "/v1.41/c/x").body == "one x");
  CHECK(client.request("POST", "/c/x").body == "post x");
  CHECK(client.request("HEAD", "/c/x").status == 200);
  for (const std::string method : {"DELETE", "PUT", "FOO"})
    CHECK(client.request(method, "/c/x").status == 404);
  CHECK(client.request("GET", "/nope").body == "{\"message\":\"page not found\"}\n");
  CHECK(router.routes() == std::vector<std::string>{"GET /c/json", "GET /c/{id}", "POST /c/{id}"});
}

TEST_CASE("API versions: the newest, the oldest, and what lies outside", "[router]") {
  for (const std::string good : {"", "1.24", "1.41", "1.50"})
    CHECK_NOTHROW(check_api_version(good));
  CHECK_THROWS_WITH(check_api_version("1.51"),
                    "client version 1.51 is too new. Maximum supported API version is 1.50");
  CHECK_THROWS_WITH(check_api_version("2.0"), Contains("too new"));
  CHECK_THROWS_WITH(check_api_version("1.23"),
                    Contains("too old. Minimum supported API version is 1.24"));
  CHECK_THROWS_WITH(check_api_version("1.9"),
                    Contains("too old"));  // 1.9 is below 1.24: numbers, not text
  HttpRequest request{.version = "1.41"};
  CHECK(api_version_below(request, "1.42"));
  CHECK_FALSE(api_version_below(request, "1.41"));
  CHECK_FALSE(api_version_below(HttpRequest{}, "1.42"));
}

TEST_CASE("the system's routes answer as dockerd does", "[router][system]") {
  Router router;
  add_system_routes(router, {.data_root = "/data",
                             .debug = true,
                             .describe = [](nlohmann::json& info) { info["Images"] = 3; }});
  LocalServer server([&](Exchange& exchange) { router.serve(exchange); }, {}, standard_headers());
  HttpClient client = server.client();

  const auto ping = client.request("GET", "/_ping");
  CHECK(ping.body == "OK");
  CHECK(ping.headers.get("Content-Type") == "text/plain; charset=utf-8");
  const auto head = client.request("HEAD", "/_ping");
  CHECK(head.headers.get("Content-Length") == "0");
  for (const std::string name : {"Api-Version", "Builder-Version", "Docker-Experimental", "Ostype",
                                 "Swarm", "Server", "Cache-Control", "Pragma"}) {
    CAPTURE(name);
    CHECK(head.headers.has(name));
  }
  const auto version = nlohmann::json::parse(client.request("GET", "/v1.24/version").body);
  CHECK(version["ApiVersion"] == "1.50");
  CHECK(version["Components"][0]["Details"]["MinAPIVersion"] == "1.24");
  const auto info = nlohmann::json::parse(client.request("GET", "/info").body);
  CHECK(info["Images"] == 3);
  CHECK(info["DockerRootDir"] == "/data");
  CHECK(info["NCPU"].get<int>() >= 1);
  CHECK(client.request("OPTIONS", "/anything").status == 200);
}

TEST_CASE("there is no swarm and there are no plugins: clients read it off the status",
          "[router][system]") {
  Router router;
  add_system_routes(router, {});
  LocalServer server([&](Exchange& exchange) { router.serve(exchange); });
  const auto [method, target, status, words] =
      GENERATE(table<std::string, std::string, int, std::string>(
          {{"GET", "/services", 503, "not a swarm manager"},
           {"GET", "/nodes/x", 503, "not a swarm manager"},
           {"POST", "/secrets/create", 503, "not a swarm manager"},
           {"GET", "/swarm", 503, "not a swarm manager"},
           {"POST", "/swarm/leave", 503, "not part of a swarm"},
           {"POST", "/swarm/init", 501, "not supported"},
           {"GET", "/plugins", 200, "[]"},
           {"GET", "/plugins/a/b/json", 404, "\\\"a/b\\\" not found"},
           {"POST", "/plugins/pull", 501, "not supported"},
           {"POST", "/session", 501, "not supported"}}));
  CAPTURE(method, target);
  const auto response = server.client().request(method, target);
  CHECK(response.status == status);
  CHECK_THAT(response.body, Contains(words));
}
