/// \file
/// A container whose record cannot be read may be the only user of any volume.

#include "03-namespaces/harbour.hpp"

using namespace slipway::test;
using Catch::Contains;
using nlohmann::json;

TEST_CASE("no volume is removed while a container's record cannot be read",
          "[06][volumes][recovery]") {
  Harbour harbour("06");
  TestEngine& engine = harbour.engine;
  REQUIRE(engine.http("POST", "/volumes/create", R"({"Name": "my_data"})").status == 201);
  const auto made = engine.slipway(
      {"create", "--name", "web", "-v", "my_data:/d", harbour.root, "/probe", "trap"});
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
  const auto pruned = engine.http("POST", "/volumes/prune?filters={%22all%22:[%22true%22]}");
  CHECK(pruned.json().at("VolumesDeleted") == json::array());
  CHECK(engine.http("GET", "/volumes/my_data").status == 200);
  // When the container is gone, with its reason known and on purpose, the volume may go.
  CHECK(engine.slipway({"rm", "-f", id}).status == 0);
  CHECK(engine.http("DELETE", "/volumes/my_data").status == 204);
}
