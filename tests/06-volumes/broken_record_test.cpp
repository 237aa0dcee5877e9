/// \file
/// A container whose record cannot be read may be the only user of any volume.

#include <nlohmann/json.hpp>

#include "harness/harness.hpp"

using namespace slipway::test;
using Catch::Contains;
using nlohmann::json;

TEST_CASE("no volume is removed while a container's record cannot be read",
          "[06][volumes][recovery]") {
  TestEngine engine({.stage = "06"});
  REQUIRE(engine.http("POST", "/volumes/create", R"({"Name": "my_data"})").status == 201);
  const auto made =
      engine.slipway({"create", "--name", "web", "-v", "my_data:/d", "busybox", "true"});
  INFO(made);
  REQUIRE(made.status == 0);
  const std::string id = made.out.substr(0, 64);
  engine.kill_engine();
  const std::string file = engine.data_root() / "containers" / id / "record.json";
  const std::string whole = read_text(file);
  write_text(file, whole.substr(0, whole.size() / 2));
  engine.start();
  const auto refused = engine.http("DELETE", "/volumes/my_data");
  CHECK(refused.status == 409);
  CHECK_THAT(refused.body, Contains("volume is in use - [" + id + "]"));
  const auto pruned =
      engine.http("POST", "/volumes/prune?filters=%7B%22all%22:%5B%22true%22%5D%7D");
  CHECK(pruned.json().at("VolumesDeleted") == json::array());
  CHECK(engine.http("GET", "/volumes/my_data").status == 200);
  // When the container is gone, with its reason known and on purpose, the volume may go.
  CHECK(engine.slipway({"rm", "-f", id}).status == 0);
  CHECK(engine.http("DELETE", "/volumes/my_data").status == 204);
}
