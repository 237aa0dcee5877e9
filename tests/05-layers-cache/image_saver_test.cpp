// save: what goes out is what came in, byte for byte, and every reader takes it.

#include "05-layers-cache/images/image_saver.hpp"

#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "acceptance/clients.hpp"
#include "image_fixture.hpp"

using namespace slipway;
using namespace slipway::test;
using nlohmann::json;

namespace {

std::string save(Store& store, const std::vector<std::string>& names) {
  std::string bytes;
  ImageSaver(store.images, names).write([&](std::span<const char> part) {
    bytes.append(part.data(), part.size());
  });
  return bytes;
}

std::string member(const std::string& tar, const std::string& name) {
  return run_command({"tar", "-xOf", "-", name}, {.input = tar}).out;
}

}  // namespace

TEST_CASE("a saved image has the same id, layers and names in another store") {
  Store from;
  SECTION("that came as docker-archive") { from.load(DockerArchive().tar()); }
  SECTION("that came compressed, as OCI layout") { from.load(OciLayout().tar()); }
  const std::string archive = save(from, {"app:v1"});
  CHECK(save(from, {"app:v1"}) == archive);
  Store to;
  to.load(archive);
  const ImagePtr sent = from.images.find("app:v1");
  const ImagePtr come = to.images.find("app:v1");
  CHECK(come->id == sent->id);
  CHECK(come->layers == sent->layers);
  CHECK(come->blobs[0].digest == sent->blobs[0].digest);
  CHECK(read_text(to.images.layer_root(come->layers[0]) + "/hello") == "world");
}

TEST_CASE("a name saves that name, a repository all its tags, an id none; an image goes out once") {
  Store store;
  store.load(DockerArchive().tar());
  store.images.tag("app:v1", ImageReference::parse("app:v2"));
  store.images.tag("app:v1", ImageReference::parse("other:v1"));
  const std::string id = store.images.find("app:v1")->id.short_hex();
  const auto tags = [&](const std::vector<std::string>& names) {
    const json list = json::parse(member(save(store, names), "manifest.json"));
    REQUIRE(list.size() == 1);
    return list[0]["RepoTags"];
  };
  CHECK(tags({"app:v1"}) == json{"app:v1"});
  CHECK(tags({"app"}) == json{"app:v1", "app:v2"});
  CHECK(tags({"app:v1", "other:v1", "app:v1"}) == json{"app:v1", "other:v1"});
  CHECK(tags({id}).is_null());
  CHECK_THROWS_WITH(save(store, {"app:v9"}), Catch::Contains("No such image: app:v9"));
  CHECK_THROWS_AS(save(store, {}), ApiError);
}

TEST_CASE("a blob that has rotted is not saved as if nothing were") {
  Store store;
  const DockerArchive archive;
  store.load(archive.tar());
  write_text(store.blob(archive.layers[0]), "rotten");
  CHECK_THROWS_WITH(save(store, {"app:v1"}), Catch::Contains("is damaged: load its image again"));
}

TEST_CASE("skopeo reads a saved archive in both of its formats") {
  if (!needs("skopeo")) return;
  Store store;
  store.load(DockerArchive().tar());
  const TempFolder folder;
  write_text(folder.path() / "saved.tar", save(store, {"app:v1"}));
  for (const std::string format : {"docker-archive:", "oci-archive:"}) {
    const auto config = run_command({"skopeo", "inspect", "--config", "--raw",
                                     format + (folder.path() / "saved.tar").string()});
    INFO(config);
    CHECK(Digest::of(config.out) == store.images.find("app:v1")->id);
  }
}

TEST_CASE("save with both command lines, and load gives the same id", "[acceptance]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const TempFolder folder;
  const std::string name = random_name("saved");
  DockerArchive archive;
  archive.tags = {name + ":v1"};
  archive.layers = {TarWriter().file(name, name).done()};
  REQUIRE(client.run({"load"}, {.input = archive.tar()}).status == 0);
  const std::string id = line_of(client.run({"images", "-q", "--no-trunc", name}));
  const std::string path = folder.path() / "saved.tar";
  const auto saved = client.run({"save", "-o", path, name + ":v1"});
  INFO(saved);
  REQUIRE(saved.status == 0);
  CHECK(client.run({"save", name + ":v1"}).out == read_text(path));
  CHECK(client.run({"rmi", name + ":v1"}).status == 0);
  CHECK(line_of(client.run({"load", "-i", path})) == "Loaded image: " + name + ":v1");
  CHECK(line_of(client.run({"images", "-q", "--no-trunc", name})) == id);
  const auto missing = client.run({"save", "-o", path + "2", "no-such-image"});
  CHECK(missing.status == 1);
  CHECK_THAT(missing.err, Catch::Contains("No such image: no-such-image"));
  CHECK_FALSE(std::filesystem::exists(path + "2"));
  CHECK(client.run({"rmi", name + ":v1"}).status == 0);
}

TEST_CASE("a save that breaks off fails for both command lines, and the engine's log says why",
          "[acceptance]") {
  if (!needs("docker")) return;
  TestEngine engine;
  const Client client = each_client(engine);
  const TempFolder folder;
  const DockerArchive archive;
  REQUIRE(client.run({"load"}, {.input = archive.tar()}).status == 0);
  write_text(engine.data_root() / "images/blobs/sha256" / Digest::of(archive.layers[0]).hex(),
             "rotten");
  const auto saved = client.run({"save", "-o", folder.path() / "saved.tar", "app:v1"});
  INFO(saved);
  CHECK(saved.status == 1);
  CHECK_THAT(engine.log(), Catch::Contains("a save broke off: blob " +
                                           Digest::of(archive.layers[0]).text() + " is damaged"));
}
