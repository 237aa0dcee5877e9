/// \file
/// POST /containers/create, the body: what is wrong is named.

#include <nlohmann/json.hpp>

#include "01-cli-socket/local_server.hpp"
#include "02-daemon/api/create_request.hpp"

using namespace slipway;
using namespace slipway::test;
using nlohmann::json;

namespace {

/// Sends a body (and a query) to the reader; its result comes back as JSON, its refusal as an
/// error.
HttpResponse read_back(const std::string& body, const std::string& query = {},
                       const std::string& type = "application/json") {
  const LocalServer server([](Exchange& exchange) {
    const CreateRequest request = read_create_request(exchange);
    exchange.respond(json_response(200, {{"name", request.name},
                                         {"platform", request.platform},
                                         {"config", request.config},
                                         {"host", request.host_config},
                                         {"net", request.networking_config}}));
  });
  return server.client().request("POST", "/containers/create" + query, body, type);
}

std::string refusal(const std::string& body, const std::string& query = {}) {
  const HttpResponse response = read_back(body, query);
  return std::to_string(response.status) + " " + error_message(response);
}

}  // namespace

TEST_CASE("a create request is taken apart into its sections", "[02][create]") {
  const json got = json::parse(
      read_back(R"({"Image":"x","Cmd":"true","Labels":{"a":"b"},"Env":["A=1"],"Nothing":null,
                    "HostConfig":{"AutoRemove":true},"NetworkingConfig":null})",
                "?name=/web&platform=linux/amd64")
          .body);
  CHECK(got["name"] == "web");
  CHECK(got["platform"] == "linux/amd64");
  CHECK(got["config"]["Cmd"] == "true");
  CHECK_FALSE(got["config"].contains("HostConfig"));
  CHECK(got["host"] == json{{"AutoRemove", true}});
  CHECK(got["net"] == json::object());
}

TEST_CASE("a field of the wrong type is a 400 that names it", "[02][create][attack]") {
  const auto [body, message] = GENERATE(table<std::string, std::string>({
      {R"({"Image":5})", "Image: expected"},
      {R"({"Cmd":5})", "Cmd: expected"},
      {R"({"Cmd":["a",5]})", "Cmd"},
      {R"({"Entrypoint":{"a":"b"}})", "Entrypoint: expected"},
      {R"({"Env":"A=1"})", "Env: expected"},
      {R"({"Env":[1]})", "Env"},
      {R"({"Labels":["a"]})", "Labels: expected"},
      {R"({"Labels":{"a":1}})", "Labels"},
      {R"({"Tty":"yes"})", "Tty: expected"},
      {R"({"OpenStdin":1})", "OpenStdin: expected"},
      {R"({"StdinOnce":[]})", "StdinOnce: expected"},
      {R"({"User":0})", "User: expected"},
      {R"({"WorkingDir":[]})", "WorkingDir: expected"},
      {R"({"Hostname":7})", "Hostname: expected"},
      {R"({"StopSignal":9})", "StopSignal: expected"},
      {R"({"StopTimeout":"10"})", "StopTimeout: expected"},
      {R"({"HostConfig":[]})", "HostConfig: expected an object"},
      {R"({"HostConfig":{"AutoRemove":"true"}})", "HostConfig.AutoRemove: expected"},
      {R"({"HostConfig":{"NetworkMode":5}})", "HostConfig.NetworkMode: expected"},
      {R"({"HostConfig":{"LogConfig":"none"}})", "HostConfig.LogConfig: expected"},
      {R"({"HostConfig":{"LogConfig":{"Type":1}}})", "HostConfig.LogConfig.Type: expected"},
      {R"({"NetworkingConfig":"bridge"})", "NetworkingConfig: expected an object"},
  }));
  CAPTURE(body);
  CHECK_THAT(refusal(body), Catch::StartsWith("400 " + message));
}

TEST_CASE("values that make no sense are refused in docker's words", "[02][create][attack]") {
  const auto [body, message] = GENERATE(table<std::string, std::string>({
      {"", "Config cannot be empty in order to create a container"},
      {"{}", "Config cannot be empty in order to create a container"},
      {R"({"Image":"x","StopSignal":"HUPP"})", "Invalid signal: HUPP"},
      {R"({"Image":"x","WorkingDir":"a/b"})",
       "the working directory 'a/b' is invalid, it needs to be an absolute path"},
      {R"({"Image":"x","WorkingDir":"/a\u0000b"})", "WorkingDir: NUL byte"},
      {R"({"Image":"x","Cmd":["a\u0000b"]})", "Cmd: NUL byte"},
      {R"({"Image":"x","Env":["A=\u0000"]})", "Env: NUL byte"},
      {R"({"Image":"x","HostConfig":{"LogConfig":{"Type":"papyrus"}}})",
       R"(error looking up logging plugin papyrus: plugin "papyrus" not found)"},
  }));
  CHECK(refusal(body) == "400 " + message);
}

TEST_CASE("a body that is no JSON object, or says that it is something else",
          "[02][create][attack]") {
  CHECK_THAT(refusal("[1,2]"), Catch::StartsWith("400 request body: expected an object"));
  CHECK_THAT(refusal(R"({"Image":)"), Catch::StartsWith("400 request body"));
  CHECK_THAT(refusal(std::string(100'000, '[')), Catch::StartsWith("400 request body"));
  CHECK_THAT(refusal("{\"Image\":\"\xff\"}"), Catch::StartsWith("400 request body"));
  CHECK(read_back(R"({"Image":"x"})", "", "text/plain").status == 400);
}

TEST_CASE("names are checked before anything else is", "[02][create]") {
  CHECK_THAT(refusal(R"({"Image":"x"})", "?name=-bad"),
             Catch::StartsWith("400 Invalid container name (-bad)"));
  CHECK(read_back(R"({"Image":"x"})", "?name=").status == 200);
}
