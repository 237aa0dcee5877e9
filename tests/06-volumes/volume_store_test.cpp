// The store of volumes: what is there after an engine's end, however it came.

#include "06-volumes/volumes/volume_store.hpp"

#include <filesystem>

#include "01-cli-socket/api_error.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> nobody(const std::string&) { return {}; }

VolumePtr make(VolumeStore& store, const std::string& name) {
  return store.create({.name = name, .created = "2026-01-01T00:00:00Z", .labels = {{"a", "b"}}})
      .first;
}

}  // namespace

TEST_CASE("a volume and its content are there for the next engine", "[06][volumes]") {
  const TempFolder folder;
  {
    VolumeStore store(folder.path());
    store.open();
    make(store, "my_data");
    write_text(store.data_folder("my_data") + "/row", "1");
    CHECK_FALSE(store.create({.name = "my_data"}).second);  // it is there already
  }
  VolumeStore store(folder.path());
  store.open();
  CHECK(store.find("my_data")->labels.at("a") == "b");
  CHECK(fs::exists(store.data_folder("my_data") + "/row"));
}

TEST_CASE("what was half made or half removed goes; data whose record is damaged stays",
          "[06][volumes]") {
  const TempFolder folder;
  const fs::path root = fs::path(folder.path()) / "volumes";
  fs::create_directories(root / ".making-v1/_data");
  fs::create_directories(root / ".removing-v2/_data");
  fs::create_directories(root / "v3/_data");
  write_text(root / "v3/volume.json", "{\"Na");
  VolumeStore store(folder.path());
  store.open();
  CHECK_FALSE(fs::exists(root / ".making-v1"));
  CHECK_FALSE(fs::exists(root / ".removing-v2"));
  CHECK(store.all().size() == 1);
  CHECK(store.find("v3")->labels.empty());
  CHECK(fs::exists(root / "v3/_data"));
}

TEST_CASE("a volume that somebody has or is about to have is not removed", "[06][volumes]") {
  const TempFolder folder;
  VolumeStore store(folder.path());
  store.open();
  make(store, "v1");
  const auto users = [](const std::string&) { return std::vector<std::string>{"c0ffee"}; };
  CHECK_THROWS_WITH(store.remove("v1", users), "remove v1: volume is in use - [c0ffee]");
  {
    const auto hold = store.hold("v1");
    CHECK_THROWS_WITH(store.remove("v1", nobody), Contains("volume is in use"));
  }
  store.remove("v1", nobody);
  CHECK(fs::is_empty(fs::path(folder.path()) / "volumes"));
  CHECK_THROWS_WITH(store.remove("v1", nobody), "get v1: no such volume");
}

TEST_CASE("names become folders: nothing but docker's characters", "[06][volumes]") {
  for (const char* bad : {"", "a", "../up", "a/b", ".hidden", "-x", "a b", "a\n"})
    CHECK_THROWS_AS(check_volume_name(bad), ApiError);
  CHECK_THROWS_AS(check_volume_name(std::string(240, 'a')), ApiError);
  CHECK_NOTHROW(check_volume_name("my_data-1.0"));
}
