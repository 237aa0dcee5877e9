// Loading, without HTTP: archives in, store out. (05-I1, 05-I5, 05-I6)

#include "01-cli-socket/api_error.hpp"
#include "image_fixture.hpp"

namespace fs = std::filesystem;
using namespace slipway;
using namespace slipway::test;
using nlohmann::json;

namespace {

const UsersOf kNobody = [](const Digest&) { return std::vector<ImageUser>(); };

}  // namespace

TEST_CASE("a docker-archive is loaded: blobs as they came, layers unpacked, name and id") {
  Store store;
  const DockerArchive archive;
  const auto loaded = store.load(archive.tar());
  REQUIRE(loaded.size() == 1);
  CHECK(loaded[0].id == Digest::of(config_of(archive.layers).dump()));
  const ImagePtr image = store.images.find("app:v1");
  CHECK(image->id == loaded[0].id);
  CHECK(image->size == 5);
  CHECK(store.images.find(image->id.text()) == image);
  CHECK(store.images.find(image->id.hex()) == image);
  CHECK(store.images.find(image->id.short_hex()) == image);
  CHECK(read_text(store.blob(archive.layers[0])) == archive.layers[0]);
  CHECK(read_text(store.layer(archive.layers[0]) / "hello") == "world");
  CHECK(fs::is_empty(store.folder.path() / "staging"));
}

TEST_CASE("an OCI layout is loaded with its own manifest, compressed layers stay compressed") {
  Store store;
  const OciLayout layout;
  store.load(layout.tar());
  const ImagePtr image = store.images.find("app:v1");
  CHECK(image->manifest.digest == Digest::of(layout.manifest.dump()));
  CHECK(read_text(store.blob(layout.blob)) == layout.blob);
  CHECK(read_text(store.layer(layout.layer) / "hello") == "world");
}

TEST_CASE("an archive may be compressed as a whole, and its layers in any way") {
  const DockerArchive archive;
  for (const char* program : {"gzip", "bzip2", "xz", "zstd"}) {
    INFO(program);
    Store store;
    store.load(compress(program, archive.tar()));
    CHECK(store.images.find("app:v1")->size == 5);
    DockerArchive inner = archive;
    inner.blobs = {compress(program, archive.layers[0])};
    Store other;
    other.load(inner.tar());
    CHECK_THAT(read_text(other.blob(inner.blobs[0])), Catch::Equals(inner.blobs[0]));
    CHECK(other.images.find("app:v1")->blobs[0].media_type == layer_media_type(program));
  }
}

TEST_CASE("layers are shared, and go with the last image that has them") {
  Store store;
  const std::string base = TarWriter().file("base", "b").done();
  DockerArchive first;
  first.layers = {base, TarWriter().file("one", "1").done()};
  first.tags = {"first:latest", "again:latest"};
  DockerArchive second;
  second.layers = {base, TarWriter().file("two", "2").done()};
  second.tags = {"second:latest"};
  const auto empty = store.files();
  store.load(first.tar());
  store.load(second.tar());
  CHECK(store.images.all().size() == 2);
  CHECK(store.images.remove("first", false, kNobody).size() == 1);  // untagged only
  const auto records = store.images.remove("again", false, kNobody);
  REQUIRE(records.size() == 3);
  CHECK(records[0].what == "again:latest");
  CHECK_FALSE(records[1].untagged);
  CHECK(records[2].what == Digest::of(first.layers[1]).text());
  CHECK(fs::exists(store.layer(base)));
  CHECK_FALSE(fs::exists(store.layer(first.layers[1])));
  CHECK_FALSE(fs::exists(store.blob(first.layers[1])));
  store.images.remove("second", false, kNobody);
  CHECK(store.files() == empty);
}

TEST_CASE("a second load changes nothing; a name moves to the image that came last") {
  Store store;
  DockerArchive archive;
  store.load(archive.tar());
  const auto before = store.files();
  store.load(archive.tar());
  CHECK(store.files() == before);
  CHECK(store.images.all().size() == 1);
  DockerArchive newer;
  newer.layers = {TarWriter().file("hello", "moon").done()};
  store.load(newer.tar());
  CHECK(store.images.all().size() == 2);
  CHECK(store.images.find("app:v1")->layers[0] == Digest::of(newer.layers[0]));
  CHECK(store.images.find(Digest::of(config_of(archive.layers).dump()).text())->names.empty());
}

TEST_CASE("what is loaded is there after a restart, and what a crash left is gone") {
  Store store;
  DockerArchive archive;
  store.load(archive.tar());
  store.images.tag("app:v1", ImageReference::parse("more:v2"));
  const auto before = store.files();
  // As after a kill -9 in the middle of a load: things in staging, a blob and a layer that no index
  // names.
  fs::create_directories(store.folder.path() / "staging/abc123/layer-1/fs");
  write_text(store.blob("an orphan"), "an orphan");
  fs::create_directories(store.layer("an orphan"));
  ImageStore again(store.folder.path());
  again.open();
  CHECK(again.find("more:v2")->names.size() == 2);
  CHECK(store.files() == before);
}

TEST_CASE("an image that is not whole is absent, never broken, and a second load repairs it") {
  DockerArchive archive;
  for (const std::string missing : {"layer", "blob", "config"}) {
    INFO("missing: " << missing);
    Store store;
    store.load(archive.tar());
    const std::string config = config_of(archive.layers).dump();
    if (missing == "layer") fs::remove_all(store.layer(archive.layers[0]).parent_path());
    if (missing == "blob") fs::remove(store.blob(archive.layers[0]));
    if (missing == "config") write_text(store.blob(config), config + " ");
    ImageStore again(store.folder.path());
    again.open();
    CHECK(again.all().empty());
    CHECK_THROWS_AS(again.find("app:v1"), ApiError);
    Store fresh;
    store.images.open();
    store.load(archive.tar());
    CHECK(store.images.find("app:v1")->size == 5);
    CHECK(fs::exists(store.layer(archive.layers[0]) / "hello"));
  }
}

TEST_CASE("an image is kept while it is held or while stopped containers need it") {
  Store store;
  DockerArchive archive;
  store.load(archive.tar());
  {
    Hold hold;
    const ImagePtr image = store.images.find_and_hold("app:v1", hold);
    CHECK_THROWS_WITH(store.images.remove(image->id.text(), true, kNobody),
                      Catch::Contains("being created"));
  }
  bool container = true;
  const UsersOf stopped = [&](const Digest&) {
    return container ? std::vector<ImageUser>{{.container = "c", .running = false}}
                     : std::vector<ImageUser>();
  };
  CHECK_THROWS_AS(store.images.remove("app:v1", false, stopped), ApiError);
  CHECK(store.images.remove("app:v1", true, stopped).size() == 2);
  CHECK(store.images.all().empty());
  CHECK(fs::exists(store.layer(archive.layers[0])));  // the container can still start
  ImageStore again(store.folder.path());
  again.open();
  CHECK(again.all().empty());
  CHECK(fs::exists(store.layer(archive.layers[0])));
  container = false;
  DockerArchive other;
  other.layers = {TarWriter().file("other", "o").done()};
  other.tags = {"other:v1"};
  store.load(other.tar());
  store.images.remove("other:v1", false, stopped);
  CHECK_FALSE(fs::exists(store.layer(archive.layers[0])));
}

TEST_CASE("duplicate layers as links, images without names, several images in one archive") {
  Store store;
  const std::string layer = TarWriter().file("hello", "world").done();
  const std::string one = config_of({layer}).dump();
  const std::string two = config_of({layer, layer}).dump();
  const json manifest =
      json::array({{{"Config", "one.json"}, {"RepoTags", nullptr}, {"Layers", {"a/layer.tar"}}},
                   {{"Config", "two.json"},
                    {"RepoTags", {"two:v1"}},
                    {"Layers", {"a/layer.tar", "b/layer.tar"}}}});
  const auto loaded = store.load(TarWriter()
                                     .file("./a/layer.tar", layer)
                                     .symbolic_link("b/layer.tar", "../a/layer.tar")
                                     .file("one.json", one)
                                     .file("two.json", two)
                                     .file("manifest.json", manifest.dump())
                                     .done());
  REQUIRE(loaded.size() == 2);
  CHECK(loaded[0].names.empty());
  CHECK(store.images.find("two:v1")->layers.size() == 2);
  CHECK(store.images.find(Digest::of(one).hex())->names.empty());
}

TEST_CASE("a body that breaks off leaves nothing") {
  Store store;
  const auto before = store.files();
  const std::string tar = DockerArchive().tar();
  Trace trace;
  int calls = 0;
  const auto stream = [&](std::span<char> part) -> std::size_t {
    if (++calls == 3) throw bad_request("the request body broke off");
    std::copy_n(tar.data(), 100, part.data());
    return 100;
  };
  CHECK_THROWS_WITH(store.loader.load(stream, trace), "the request body broke off");
  CHECK(store.files() == before);
}

TEST_CASE("skopeo reads the store") {
  if (!needs("skopeo")) return;
  Store store;
  store.load(DockerArchive().tar());
  store.load(OciLayout().tar());
  const std::string source = "oci:" + (store.folder.path() / "images").string() + ":app:v1";
  const auto inspected = run_command({"skopeo", "inspect", source});
  INFO(inspected);
  REQUIRE(inspected.status == 0);
  CHECK(json::parse(inspected.out)["Env"] == json{"A=1"});
  const auto copied =
      run_command({"skopeo", "copy", source,
                   "docker-archive:" + (store.folder.path() / "out.tar").string() + ":x:y"});
  INFO(copied);
  CHECK(copied.status == 0);
  store.load(read_text(store.folder.path() / "out.tar"));
  CHECK(store.images.find("x:y")->id == store.images.find("app:v1")->id);
}
