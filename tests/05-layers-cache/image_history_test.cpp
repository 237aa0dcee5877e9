// history: what the config tells, with the layers' sizes, as docker's clients show it.

#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "05-layers-cache/api/image_view.hpp"
#include "acceptance/clients.hpp"
#include "image_fixture.hpp"

using namespace slipway;
using namespace slipway::test;
using nlohmann::json;

namespace {

/// Two steps that made a layer each, and between them one that made none.
json config_with_history(const std::vector<std::string>& layers) {
  json config = config_of(layers);
  config["history"] = {
      {{"created", "2024-01-01T00:00:00Z"},
       {"created_by", "ADD rootfs.tar / "},
       {"comment", "base"}},
      {{"created", "2024-01-02T00:00:00Z"}, {"created_by", "ENV A=1"}, {"empty_layer", true}},
      {{"created", "2024-01-03T00:00:00Z"}, {"created_by", "RUN\t" + std::string(60, 'x')}}};
  return config;
}

DockerArchive archive_with_history(const std::string& name) {
  DockerArchive archive;
  archive.tags = {name + ":v1"};
  archive.layers = {TarWriter().file("one", "1").done(),
                    TarWriter().file("two", std::string(2000, '2')).done()};
  archive.config = config_with_history(archive.layers);
  return archive;
}

}  // namespace

TEST_CASE("history is newest first, and only a step that made a layer has a size") {
  Store store;
  store.load(archive_with_history("app").tar());
  const ImagePtr image = store.images.find("app:v1");
  const json lines = image_history(*image, {1, 2000});
  REQUIRE(lines.size() == 3);
  CHECK(lines[0]["Id"] == image->id.text());
  CHECK(lines[0]["Tags"] == json{"app:v1"});
  CHECK(lines[0]["Size"] == 2000);
  CHECK(lines[1]["Id"] == "<missing>");
  CHECK(lines[1]["Tags"].is_null());
  CHECK(lines[1]["Size"] == 0);
  CHECK(lines[2]["Size"] == 1);
  CHECK(lines[2]["Comment"] == "base");
  CHECK(lines[2]["Created"] == 1704067200);
}

TEST_CASE("a history that does not fit its image is an error, one that is none is empty") {
  Store store;
  DockerArchive archive;
  archive.config = config_with_history({archive.layers});
  store.load(archive.tar());
  const ImagePtr image = store.images.find("app:v1");
  CHECK_THROWS_WITH(image_history(*image, {5}), "too many non-empty layers in History section");
  Image without = *image;
  without.config.erase("history");
  CHECK(image_history(without, {5}) == json::array());
}

TEST_CASE("history with both command lines", "[acceptance]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const std::string name = random_name("hist");
  REQUIRE(client.run({"load"}, {.input = archive_with_history(name).tar()}).status == 0);
  const auto shown = client.run({"history", name + ":v1"});
  INFO(shown);
  CHECK_THAT(shown.out, Catch::StartsWith("IMAGE") && Catch::Contains("CREATED BY") &&
                            Catch::Contains("ENV A=1") && Catch::Contains("<missing>") &&
                            Catch::Contains("RUN " + std::string(40, 'x') + "…") &&
                            Catch::Contains("2kB") && Catch::Contains("base"));
  CHECK(client.run({"history", "--format", "{{.Size}}", name + ":v1"}).out == "2kB\n0B\n1B\n");
  CHECK_THAT(client.run({"history", "--no-trunc", name + ":v1"}).out,
             Catch::Contains("RUN " + std::string(60, 'x')));
  const auto missing = client.run({"history", "no-such-image"});
  CHECK(missing.status == 1);
  CHECK_THAT(missing.err, Catch::Contains("No such image: no-such-image"));
  CHECK(client.run({"rmi", name + ":v1"}).status == 0);
}
