/// \file
/// What nobody acts on: a warning, or a refusal where silence would be dangerous.

#include "02-daemon/engine/unclaimed_fields.hpp"

#include <nlohmann/json.hpp>

#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;
using nlohmann::json;

TEST_CASE("a wish that nobody acts on earns a warning; the absence of one does not",
          "[unit][create]") {
  const json wishes = {{"Memory", 5}, {"Init", true}, {"CapAdd", {"x"}}, {"Claimed", 1}};
  CHECK(unclaimed_fields(wishes, {"Claimed"}) ==
        std::vector<std::string>{"HostConfig.CapAdd: nothing in this engine acts on it",
                                 "HostConfig.Init: nothing in this engine acts on it",
                                 "HostConfig.Memory: nothing in this engine acts on it"});
  const json nothing = {{"Memory", 0},
                        {"Init", false},
                        {"CapAdd", nullptr},
                        {"Dns", json::array()},
                        {"MemorySwappiness", -1},
                        {"PidMode", ""},
                        {"NetworkMode", "default"}};
  CHECK(unclaimed_fields(nothing, {}).empty());
}

TEST_CASE("devices that need a driver are refused in docker's words", "[unit][create]") {
  const json host =
      json::parse(R"({"DeviceRequests":[{"Count":-1,"Capabilities":[["gpu","x"]]}]})");
  CHECK_THROWS_WITH(unclaimed_fields(host, {}),
                    "could not select device driver \"\" with capabilities: [[gpu x]]");
  CHECK(unclaimed_fields(host, {"DeviceRequests"}).empty());
}

TEST_CASE("an address that nobody gives earns a warning", "[unit][create]") {
  const json networks = {
      {"EndpointsConfig",
       {{"n", {{"IPAMConfig", {{"IPv4Address", "10.0.0.5"}}}, {"Links", nullptr}}},
        {"default", {{"GwPriority", 0}}}}}};
  CHECK(unclaimed_endpoints(networks, {}) ==
        std::vector<std::string>{
            "NetworkingConfig.EndpointsConfig.n.IPAMConfig: nothing in this engine acts on it"});
  CHECK(unclaimed_endpoints(networks, {"NetworkingConfig"}).empty());
  CHECK(unclaimed_endpoints(nullptr, {}).empty());
}

TEST_CASE("a user that nobody changes to is refused, not forgotten", "[unit][create]") {
  CHECK_THROWS_WITH(unclaimed_config({{"User", "app"}}, {}),
                    Catch::Contains("User: nothing in this engine can run a command as another"));
  CHECK(unclaimed_config({{"User", "app"}}, {"User"}).empty());
  CHECK(unclaimed_config({{"User", ""}, {"Hostname", "x"}}, {}).size() == 1);
}

TEST_CASE("stage 02's engine says that it has no users", "[engine][create]") {
  TestEngine engine({.stage = "02", .images = false});
  const auto refused = engine.slipway({"run", "--rm", "--user", "app", "host", "true"});
  INFO(refused);
  CHECK(refused.status == 125);
  CHECK_THAT(refused.err, Catch::Contains("User: nothing in this engine"));
  CHECK(engine.http("GET", "/containers/json?all=1").json().empty());
}
