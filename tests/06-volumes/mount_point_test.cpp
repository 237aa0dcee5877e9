// What a create request may say of mounts, and docker's words for what it may not.

#include "06-volumes/mounts/mount_point.hpp"

#include "01-cli-socket/api_error.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using Catch::Contains;
using nlohmann::json;

namespace {

std::string refusal(const std::string& bind) {
  try {
    parse_bind(bind);
    return "accepted";
  } catch (const ApiError& error) {
    CHECK(error.status() == 400);
    return error.what();
  }
}

}  // namespace

TEST_CASE("a bind names a volume or a path, a destination and a mode", "[06][mounts]") {
  const MountPoint volume = parse_bind("my_data:/var/lib/mysql/");
  CHECK(volume.type == "volume");
  CHECK(volume.name == "my_data");
  CHECK(volume.destination == "/var/lib/mysql");
  CHECK(volume.writable);
  const MountPoint bind = parse_bind("/a/../b:/c:ro,rslave");
  CHECK(bind.type == "bind");
  CHECK(bind.source == "/b");
  CHECK(bind.propagation == "rslave");
  CHECK_FALSE(bind.writable);
  CHECK(bind.make_source);
}

TEST_CASE("a bad bind is refused in docker's words", "[06][mounts]") {
  CHECK_THAT(refusal("v1:/"), Contains("destination can't be '/'"));
  CHECK_THAT(refusal("v1:/a/.."), Contains("destination can't be '/'"));
  CHECK_THAT(refusal("v1:data"),
             Contains("invalid mount path: 'data' mount path must be absolute"));
  CHECK_THAT(refusal("v1:/proc/1"), Contains("inside /proc"));
  CHECK_THAT(refusal("v1:/d:sideways"), Contains("invalid mode: sideways"));
  CHECK_THAT(refusal("/s:/d:nocopy"), Contains("invalid mode: nocopy"));
  CHECK_THAT(refusal("a:/b:ro:more"), Contains("invalid volume specification: 'a:/b:ro:more'"));
}

TEST_CASE("one destination, one mount; an image's volume yields to what the user mounts",
          "[06][mounts]") {
  const json config = {{"Volumes", {{"/a", json::object()}, {"/d/e", json::object()}}}};
  const std::vector<MountPoint> points = mount_points(
      config, {{"Binds", {"v1:/a"}}, {"Mounts", {{{"Type", "tmpfs"}, {"Target", "/d"}}}}});
  REQUIRE(points.size() == 3);
  CHECK(points[0].name == "v1");
  CHECK(points[1].type == "tmpfs");
  CHECK(points[2].destination == "/d/e");  // behind "/d", in which it is
  CHECK_THROWS_WITH(mount_points({}, {{"Binds", {"v1:/a", "v2:/a/"}}}),
                    Contains("Duplicate mount point: /a"));
}

TEST_CASE("a tmpfs has a size and a mode; what is not done is refused by its name",
          "[06][mounts]") {
  const auto points = [](const nlohmann::json& mount) {
    return mount_points(nlohmann::json::object(), {{"Mounts", {mount}}});
  };
  CHECK(points({{"Type", "tmpfs"},
                {"Target", "/t"},
                {"TmpfsOptions", {{"SizeBytes", 4096}, {"Mode", 01777}}}})[0]
            .options == std::vector<std::string>{"size=4096", "mode=1777"});
  CHECK_THROWS_WITH(
      points({{"Type", "tmpfs"}, {"Target", "/t"}, {"TmpfsOptions", {{"Mode", 010000}}}}),
      Catch::Contains("TmpfsOptions.Mode"));
  CHECK_THROWS_WITH(points({{"Type", "volume"},
                            {"Source", "my_data"},
                            {"Target", "/t"},
                            {"VolumeOptions", {{"Subpath", "below"}}}}),
                    Catch::Contains("VolumeOptions.Subpath is not supported"));
  CHECK_THROWS_WITH(points({{"Type", "bind"},
                            {"Source", "/srv"},
                            {"Target", "/t"},
                            {"ReadOnly", true},
                            {"BindOptions", {{"ReadOnlyForceRecursive", true}}}}),
                    Catch::Contains("BindOptions.ReadOnlyForceRecursive is not supported"));
}
