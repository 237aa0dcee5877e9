// Loading, without HTTP: archives in, store out; and after every refusal a store that is as it was. (05-I1, 05-I5, 05-I6)

#include "05-layers-cache/image_loader.hpp"

#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/trace.hpp"
#include "layer_fixture.hpp"

namespace fs = std::filesystem;
using namespace slipway;
using namespace slipway::test;
using nlohmann::json;

namespace {

const UsersOf kNobody = [](const Digest&) { return std::vector<ImageUser>(); };

/// An image store in a folder of its own.
struct Store {
  TempFolder folder;
  ImageStore images{folder.path()};
  ImageLoader loader;

  explicit Store(UnpackBudget budget = {})
      : loader(images, Unpacker(program("slipway-unpack", "05")), budget) {
    images.open();
  }

  std::vector<LoadedImage> load(const std::string& archive) {
    Trace trace;
    std::size_t at = 0;
    const auto stream = [&](std::span<char> part) {
      const std::size_t count = std::min({part.size(), archive.size() - at, std::size_t{10'000}});
      std::copy_n(archive.data() + at, count, part.data());
      at += count;
      return count;
    };
    return loader.load(stream, trace);
  }

  /// All that is in the data root, by path.
  [[nodiscard]] std::set<std::string> files() const {
    std::set<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) found.insert(entry.path());
    return found;
  }
  [[nodiscard]] fs::path blob(const std::string& bytes) const {
    return folder.path() / "images/blobs/sha256" / Digest::of(bytes).hex();
  }
  [[nodiscard]] fs::path layer(const std::string& tar) const {
    return folder.path() / "layers/sha256" / Digest::of(tar).hex() / "fs";
  }
};

json config_of(const std::vector<std::string>& layers) {
  json diff_ids = json::array();
  for (const std::string& layer : layers) diff_ids.push_back(Digest::of(layer).text());
  return {{"architecture", "amd64"},
          {"os", "linux"},
          {"created", "2024-01-01T00:00:00Z"},
          {"config", {{"Cmd", {"sh"}}, {"Env", {"A=1"}}}},
          {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}}};
}

/// A `docker save` of one image, whose parts a test can replace.
struct DockerArchive {
  std::vector<std::string> layers{TarWriter().file("hello", "world").done()};
  std::vector<std::string> blobs;  ///< as they stand in the archive; empty: `layers`
  json config;                     ///< null: the right one
  json tags{"app:v1"};
  std::string config_name = "config.json";
  std::string manifest;  ///< empty: the right one

  [[nodiscard]] std::string tar() const {
    TarWriter writer;
    const auto& stored = blobs.empty() ? layers : blobs;
    json names = json::array();
    for (std::size_t i = 0; i < stored.size(); ++i) {
      names.push_back(std::to_string(i) + "/layer.tar");
      writer.folder(std::to_string(i)).file(names.back(), stored[i]);
    }
    writer.file(config_name, (config.is_null() ? config_of(layers) : config).dump());
    const json list = json::array({{{"Config", config_name}, {"RepoTags", tags}, {"Layers", names}}});
    return writer.file("manifest.json", manifest.empty() ? list.dump() : manifest).done();
  }
};

/// The same image as an OCI layout, whose parts a test can replace.
struct OciLayout {
  std::string layer = TarWriter().file("hello", "world").done();
  std::string blob = compress("gzip", layer);
  json config = config_of({layer});
  json manifest{{"schemaVersion", 2},
                {"mediaType", kOciManifestType},
                {"config", descriptor(kOciConfigType, config.dump())},
                {"layers", json::array({descriptor(layer_media_type("gzip"), blob)})}};
  std::string name = "app:v1";
  json index;  ///< null: the right one

  static json descriptor(std::string_view type, const std::string& bytes) {
    return {{"mediaType", type}, {"digest", Digest::of(bytes).text()}, {"size", bytes.size()}};
  }
  [[nodiscard]] json entry() const {
    json object = descriptor(kOciManifestType, manifest.dump());
    object["annotations"] = {{"org.opencontainers.image.ref.name", name}};
    return object;
  }
  [[nodiscard]] std::string tar() const {
    TarWriter writer;
    writer.file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    for (const std::string& bytes : {config.dump(), manifest.dump(), blob}) {
      writer.file("blobs/sha256/" + Digest::of(bytes).hex(), bytes);
    }
    const json right{{"schemaVersion", 2}, {"manifests", json::array({entry()})}};
    return writer.file("index.json", (index.is_null() ? right : index).dump()).done();
  }
};

/// Expects a 400 that contains `words`, and a store that is as it was before.
void check_refused(const std::string& what, const std::string& archive, const std::string& words,
                   UnpackBudget budget = {}) {
  INFO("archive: " << what);
  Store store(budget);
  const auto before = store.files();
  try {
    store.load(archive);
    FAIL_CHECK("it was loaded");
  } catch (const ApiError& error) {
    CHECK(error.status() == 400);
    CHECK_THAT(error.what(), Catch::Contains(words));
  }
  CHECK(store.images.all().empty());
  CHECK(store.files() == before);
}

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
  // As after a kill -9 in the middle of a load: things in staging, a blob and a layer that no index names.
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
    CHECK_THROWS_WITH(store.images.remove(image->id.text(), true, kNobody), Catch::Contains("being created"));
  }
  bool container = true;
  const UsersOf stopped = [&](const Digest&) {
    return container ? std::vector<ImageUser>{{.container = "c", .running = false}} : std::vector<ImageUser>();
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
  const json manifest = json::array(
      {{{"Config", "one.json"}, {"RepoTags", nullptr}, {"Layers", {"a/layer.tar"}}},
       {{"Config", "two.json"}, {"RepoTags", {"two:v1"}}, {"Layers", {"a/layer.tar", "b/layer.tar"}}}});
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

TEST_CASE("bad docker-archives are refused whole", "[hostile]") {
  DockerArchive good;
  const std::string good_layer = good.layers[0];
  check_refused("no archive", "hello", "damaged archive");
  check_refused("empty", "", "no image archive");
  check_refused("only a layer", good_layer, "no image archive");
  check_refused("cut", good.tar().substr(0, 1500), "Truncated");
  check_refused("cut gzip", compress("gzip", good.tar()).substr(0, 200), "truncated");
  check_refused("dot-dot member", TarWriter().file("../x", "x").done(), "entry \"../x\": the name contains \"..\"");
  check_refused("absolute member", TarWriter().file("/x", "x").done(), "entry \"/x\": the name is absolute");
  check_refused("device member", TarWriter().add({.name = "d", .type = '4'}).done(), "entry \"d\"");
  check_refused("link out", TarWriter().symbolic_link("l", "../../etc/passwd").done(), "climbs above the root");

  DockerArchive bad = good;
  bad.blobs = {TarWriter().file("hello", "moon").done()};
  check_refused("another layer than promised", bad.tar(), "bad digest");
  bad = good;
  bad.blobs = {compress("gzip", good_layer).substr(0, 60)};
  check_refused("cut layer", bad.tar(), "layer 0/layer.tar: ");
  bad = good;
  bad.layers = {TarWriter().file("ok", "x").file("../evil", "x").done()};
  check_refused("hostile layer", bad.tar(), "entry \"../evil\": the name contains \"..\"");
  bad = good;
  bad.config_name = std::string(64, 'a') + ".json";
  check_refused("config with another's digest", bad.tar(), "bad digest");
  bad = good;
  bad.config = config_of({good_layer, good_layer});
  check_refused("more diff ids than layers", bad.tar(), "1 layers, but its config lists 2");
  bad = good;
  bad.config = config_of({});
  check_refused("no diff ids", bad.tar(), "1 layers, but its config lists 0");
  bad = good;
  bad.config = config_of(good.layers);
  bad.config["rootfs"]["diff_ids"][0] = "sha256:../../../etc/passwd";
  check_refused("a path for a digest", bad.tar(), "no canonical digest");
  bad.config = config_of(good.layers);
  bad.config["config"]["Env"] = "A=1";
  check_refused("mistyped config", bad.tar(), "config.json.config.Env: expected an array");
  bad.config = config_of(good.layers);
  bad.config["config"]["Env"] = {std::string("A=1\0B", 5)};
  check_refused("NUL in the environment", bad.tar(), "NUL");
  bad.config = config_of(good.layers);
  bad.config["os"] = "windows";
  check_refused("another system's image", bad.tar(), "cannot load windows image on linux");
  bad = good;
  bad.tags = {"UPPER:x/y"};
  check_refused("bad tag", bad.tar(), "invalid reference format");
  const auto with_manifest = [&](const std::string& text) {
    DockerArchive changed = good;
    changed.manifest = text;
    return changed.tar();
  };
  check_refused("manifest is no JSON", with_manifest("[{"), "manifest.json is not valid JSON");
  check_refused("manifest is no array", with_manifest("{}"), "expected an array");
  check_refused("missing layer", with_manifest(R"([{"Config":"config.json","Layers":["gone"]}])"), "has no file \"gone\"");
  check_refused("missing config", with_manifest(R"([{"Config":"gone","Layers":[]}])"), "has no file \"gone\"");
  check_refused("path as a layer", with_manifest(R"([{"Config":"config.json","Layers":["../../etc/passwd"]}])"), "\"..\"");
  check_refused("the same key twice", with_manifest(R"([{"Config":"config.json","Config":"x","Layers":[]}])"), "stands twice");
  check_refused("nested too deep", with_manifest(std::string(100, '[') + std::string(100, ']')), "nested deeper");
  check_refused("manifest over 4 MiB", with_manifest("[\"" + std::string(5 << 20, 'a') + "\"]"), "4 MiB");
}

TEST_CASE("bad OCI layouts are refused whole", "[hostile]") {
  OciLayout layout;
  const auto with_index = [&](const json& index) {
    layout.index = index;
    return layout.tar();
  };
  const auto with_entry = [&](const char* key, const json& value) {
    json entry = OciLayout().entry();
    entry[key] = value;
    return with_index({{"schemaVersion", 2}, {"manifests", json::array({entry})}});
  };
  check_refused("digest that is a path", with_entry("digest", "sha256:../../x"), "no canonical digest");
  check_refused("digest of nothing", with_entry("digest", Digest::of("x").text()), "has no file");
  check_refused("wrong size", with_entry("size", 1), "is listed with 1");
  check_refused("negative size", with_entry("size", -1), "expected a size");
  check_refused("called an index", with_entry("mediaType", kOciIndexType), "at once");
  check_refused("unknown type", with_entry("mediaType", "text/plain"), "neither a manifest nor an index");
  check_refused("another machine", with_entry("platform", {{"os", "linux"}, {"architecture", "s390x"}}), "no image for linux");
  check_refused("index with layers", with_index({{"manifests", json::array()}, {"layers", json::array()}}), "at once");

  const auto with_manifest = [&](const char* key, const json& value) {
    OciLayout changed;
    changed.manifest[key] = value;
    return changed.tar();
  };
  check_refused("manifest and index at once", with_manifest("manifests", json::array()), "at once");
  check_refused("calls itself an index", with_manifest("mediaType", kOciIndexType), "calls itself");
  check_refused("no config", with_manifest("config", nullptr), "config: is missing");
  check_refused("config of another kind",
                with_manifest("config", OciLayout::descriptor("application/vnd.cncf.helm.config.v1+json", layout.config.dump())),
                "is no image to run");

  OciLayout flipped;
  std::string tar = flipped.tar();
  const std::size_t at = tar.find(flipped.blob);
  tar[at + flipped.blob.size() / 2] ^= 1;
  check_refused("a flipped bit", tar, "bad digest");
}

TEST_CASE("a layer's claim is checked although the layer is there already", "[hostile]") {
  Store store;
  const DockerArchive honest;
  store.load(honest.tar());
  DockerArchive liar = honest;
  liar.tags = {"liar:v1"};
  liar.blobs = {compress("gzip", TarWriter().file("hello", "moon").done())};
  CHECK_THROWS_WITH(store.load(liar.tar()), Catch::Contains("bad digest"));
  CHECK_THROWS_AS(store.images.find("liar:v1"), ApiError);
  liar.blobs = {compress("gzip", honest.layers[0])};
  store.load(liar.tar());
  CHECK(store.images.find("liar:v1")->size == 5);
}

TEST_CASE("limits hold for the archive and for all its layers together", "[hostile]") {
  DockerArchive archive;
  archive.layers = {TarWriter().file("a", std::string(600'000, 'a')).done(),
                    TarWriter().file("b", std::string(600'000, 'b')).done()};
  archive.blobs = {compress("gzip", archive.layers[0]), compress("gzip", archive.layers[1])};
  const UnpackBudget small{.bytes = 1'000'000, .ratio = 0};
  check_refused("two layers over the limit", archive.tar(), "its limit", small);
  check_refused("the archive itself", compress("gzip", archive.tar() + TarWriter().file("z", std::string(2'000'000, '\0')).done()),
                "its limit", {.bytes = 1'000, .ratio = 0});
  Store roomy({.bytes = 1'300'000, .ratio = 0});
  CHECK_NOTHROW(roomy.load(archive.tar()));
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
      run_command({"skopeo", "copy", source, "docker-archive:" + (store.folder.path() / "out.tar").string() + ":x:y"});
  INFO(copied);
  CHECK(copied.status == 0);
  store.load(read_text(store.folder.path() / "out.tar"));
  CHECK(store.images.find("x:y")->id == store.images.find("app:v1")->id);
}
