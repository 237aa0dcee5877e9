// Image archives that lie: about digests, names, types, sizes. Each is refused whole, with a 400
// that says why, and the store and the staging area are as they were before. (05-I1, 05-I3, 05-I5)

#include "01-cli-socket/api_error.hpp"
#include "image_fixture.hpp"

using namespace slipway;
using namespace slipway::test;
using nlohmann::json;

namespace {

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

TEST_CASE("bad docker-archives are refused whole", "[hostile]") {
  DockerArchive good;
  const std::string good_layer = good.layers[0];
  check_refused("no archive", "hello", "damaged archive");
  check_refused("empty", "", "no image archive");
  check_refused("only a layer", good_layer, "no image archive");
  check_refused("cut", good.tar().substr(0, 1500), "Truncated");
  check_refused("cut gzip", compress("gzip", good.tar()).substr(0, 200), "truncated");
  check_refused("dot-dot member", TarWriter().file("../x", "x").done(),
                "entry \"../x\": the name contains \"..\"");
  check_refused("absolute member", TarWriter().file("/x", "x").done(),
                "entry \"/x\": the name is absolute");
  check_refused("device member", TarWriter().add({.name = "d", .type = '4'}).done(), "entry \"d\"");
  check_refused("link out", TarWriter().symbolic_link("l", "../../etc/passwd").done(),
                "climbs above the root");

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
  check_refused("missing layer", with_manifest(R"([{"Config":"config.json","Layers":["gone"]}])"),
                "has no file \"gone\"");
  check_refused("missing config", with_manifest(R"([{"Config":"gone","Layers":[]}])"),
                "has no file \"gone\"");
  check_refused("path as a layer",
                with_manifest(R"([{"Config":"config.json","Layers":["../../etc/passwd"]}])"),
                "\"..\"");
  check_refused("the same key twice",
                with_manifest(R"([{"Config":"config.json","Config":"x","Layers":[]}])"),
                "stands twice");
  check_refused("nested too deep", with_manifest(std::string(100, '[') + std::string(100, ']')),
                "nested deeper");
  check_refused("manifest over 4 MiB", with_manifest("[\"" + std::string(5 << 20, 'a') + "\"]"),
                "4 MiB");
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
  check_refused("digest that is a path", with_entry("digest", "sha256:../../x"),
                "no canonical digest");
  check_refused("digest of nothing", with_entry("digest", Digest::of("x").text()), "has no file");
  check_refused("wrong size", with_entry("size", 1), "is listed with 1");
  check_refused("negative size", with_entry("size", -1), "expected a size");
  check_refused("called an index", with_entry("mediaType", kOciIndexType), "at once");
  check_refused("unknown type", with_entry("mediaType", "text/plain"),
                "neither a manifest nor an index");
  check_refused("another machine",
                with_entry("platform", {{"os", "linux"}, {"architecture", "s390x"}}),
                "no image for linux");
  check_refused("index with layers",
                with_index({{"manifests", json::array()}, {"layers", json::array()}}), "at once");

  const auto with_manifest = [&](const char* key, const json& value) {
    OciLayout changed;
    changed.manifest[key] = value;
    return changed.tar();
  };
  check_refused("manifest and index at once", with_manifest("manifests", json::array()), "at once");
  check_refused("calls itself an index", with_manifest("mediaType", kOciIndexType), "calls itself");
  check_refused("no config", with_manifest("config", nullptr), "config: is missing");
  check_refused(
      "config of another kind",
      with_manifest("config", OciLayout::descriptor("application/vnd.cncf.helm.config.v1+json",
                                                    layout.config.dump())),
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
  check_refused(
      "the archive itself",
      compress("gzip", archive.tar() + TarWriter().file("z", std::string(2'000'000, '\0')).done()),
      "its limit", {.bytes = 1'000, .ratio = 0});
  Store roomy({.bytes = 1'300'000, .ratio = 0});
  CHECK_NOTHROW(roomy.load(archive.tar()));
}
