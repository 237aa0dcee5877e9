// rmi's rules, row by row: who may take which name and which image away. (05-I6)

#include "05-layers-cache/images/image_removal.hpp"

#include "01-cli-socket/api_error.hpp"
#include "harness/harness.hpp"

using namespace slipway;

namespace {

const std::string kContainer = "0123456789ab" + std::string(52, '0');
const std::vector<ImageUser> kNobody;
const std::vector<ImageUser> kStopped{{.container = kContainer, .running = false}};
const std::vector<ImageUser> kRunning{{.container = kContainer, .running = true}};
const std::vector<ImageUser> kCreating{{.container = {}, .running = true}};

Image image_called(const std::vector<std::string>& names) {
  const Digest id = Digest::of("an image");
  Image image{.id = id, .manifest = {.media_type = {}, .digest = id}};
  for (const std::string& name : names) {
    image.names.push_back(ImageReference::parse(name).with_default_tag());
  }
  return image;
}

const std::string kShort = Digest::of("an image").short_hex();

}  // namespace

TEST_CASE("by name: the name goes, and the image with its last name") {
  const Image two = image_called({"a", "b"});
  const RemovalPlan first = plan_removal(two, "a", false, kStopped);
  REQUIRE(first.untag.size() == 1);
  CHECK(first.untag[0].familiar() == "a:latest");
  CHECK_FALSE(first.remove);
  const Image one = image_called({"a"});
  CHECK(plan_removal(one, "a", false, kNobody).remove);
  CHECK(plan_removal(one, "a", true, kStopped).remove);
  // By force under a running container: the name goes, the image stays.
  const RemovalPlan running = plan_removal(one, "a", true, kRunning);
  CHECK(running.untag.size() == 1);
  CHECK_FALSE(running.remove);
}

TEST_CASE("by name: containers keep an image's last name") {
  const Image one = image_called({"a"});
  for (const auto& users : {kStopped, kRunning}) {
    CHECK_THROWS_WITH(
        plan_removal(one, "a", false, users),
        "conflict: unable to remove repository reference \"a\" (must force) - container "
        "0123456789ab is using its referenced image " +
            kShort);
  }
  CHECK_FALSE(plan_removal(one, "a", true, kCreating).remove);
}

TEST_CASE("by id: the image goes with its only name") {
  const Image one = image_called({"a"});
  CHECK(plan_removal(one, kShort, false, kNobody).untag.size() == 1);
  CHECK(plan_removal(one, kShort, false, kNobody).remove);
  CHECK(plan_removal(one, one.id.text(), true, kStopped).remove);
  const std::string unable = "conflict: unable to delete " + kShort;
  CHECK_THROWS_WITH(
      plan_removal(one, kShort, false, kStopped),
      unable + " (must be forced) - image is being used by stopped container 0123456789ab");
  for (const bool force : {false, true}) {
    CHECK_THROWS_WITH(
        plan_removal(one, kShort, force, kRunning),
        unable + " (cannot be forced) - image is being used by running container 0123456789ab");
    CHECK_THROWS_WITH(plan_removal(one, kShort, force, kCreating),
                      Catch::Contains("being created"));
  }
}

TEST_CASE("by id: several names must be forced") {
  const Image two = image_called({"a", "b"});
  CHECK_THROWS_WITH(
      plan_removal(two, kShort, false, kNobody),
      Catch::Contains("(must be forced) - image is referenced in multiple repositories"));
  CHECK(plan_removal(two, kShort, true, kNobody).untag.size() == 2);
}
