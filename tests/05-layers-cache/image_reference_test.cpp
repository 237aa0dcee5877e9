// Names of images: what people type, what it means, what is no name. The table's rows were compared with
// Docker's own parser (distribution/reference).

#include "05-layers-cache/images/image_reference.hpp"

#include <array>

#include "01-cli-socket/api_error.hpp"
#include "harness/harness.hpp"

using namespace slipway;

namespace {

struct Good {
  const char* typed;
  const char* full;
  const char* familiar;
};

constexpr auto kGood = std::to_array<Good>({
    {"busybox", "docker.io/library/busybox:latest", "busybox:latest"},
    {"busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"},
    {"library/busybox", "docker.io/library/busybox:latest", "busybox:latest"},
    {"docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest"},
    {"docker.io/library/busybox", "docker.io/library/busybox:latest", "busybox:latest"},
    {"index.docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest"},
    {"me/app", "docker.io/me/app:latest", "me/app:latest"},
    {"me/team/app:v1", "docker.io/me/team/app:v1", "me/team/app:v1"},
    {"localhost/app", "localhost/app:latest", "localhost/app:latest"},
    {"localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app:latest"},
    {"localhost:5000/app:v1", "localhost:5000/app:v1", "localhost:5000/app:v1"},
    {"quay.io/a/b", "quay.io/a/b:latest", "quay.io/a/b:latest"},
    {"127.0.0.1:5000/a", "127.0.0.1:5000/a:latest", "127.0.0.1:5000/a:latest"},
    {"[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest"},
    {"UPPER/app", "UPPER/app:latest", "UPPER/app:latest"},
    {"a__b", "docker.io/library/a__b:latest", "a__b:latest"},
    {"a-b_c.d--e", "docker.io/library/a-b_c.d--e:latest", "a-b_c.d--e:latest"},
    {"a:_x-1.Z", "docker.io/library/a:_x-1.Z", "a:_x-1.Z"},
    {"a/library/b", "docker.io/a/library/b:latest", "a/library/b:latest"},
    {"docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"},
});

constexpr auto kBad = std::to_array<const char*>(
    {"",         ":",         "a:",        ":a",        "/a",         "a/",     "a//b",
     "-a",       "a-",        "_a",        "a_",        ".a",         "a..b",   "a___b",
     "a._b",     "Busybox",   "a/B",       "a b",       "a:b c",      "a:-b",   "a:.b",
     "a\nb",     "../a",      "a/../b",    "a@b",       "a@sha256:1", "a:b:c",  "http://a/b",
     "a/b:c/d",  "host:/a",   "ho_st:1/a", "-host.x/a", "host-.x/a",  "[::1/a", "a%2f",
     "a@sha512", "a\xc3\xa9", "host:x1/a", "a:\xc3",    "é"});

}  // namespace

TEST_CASE("an image's name is normalised and shortened as Docker does it") {
  for (const Good& row : kGood) {
    INFO(row.typed);
    const ImageReference name = ImageReference::parse(row.typed).with_default_tag();
    CHECK(name.full() == row.full);
    CHECK(name.familiar() == row.familiar);
    CHECK(ImageReference::parse(name.familiar()).full() == row.full);
    CHECK(ImageReference::parse(name.full()).full() == row.full);
  }
}

TEST_CASE("what is no image name is refused with a 400") {
  for (const char* typed : kBad) {
    INFO("\"" << typed << "\"");
    try {
      ImageReference::parse(typed);
      FAIL_CHECK("accepted");
    } catch (const ApiError& error) {
      CHECK(error.status() == 400);
      CHECK(std::string(error.what()).starts_with("invalid reference format"));
    }
  }
}

TEST_CASE("image names have limits") {
  const std::string long_name(300, 'a');
  const std::string long_tag(129, 'b');
  const std::string hex(64, 'c');
  CHECK_THROWS_WITH(ImageReference::parse(long_name), Catch::Contains("255 characters"));
  CHECK_THROWS_AS(ImageReference::parse("a:" + long_tag), ApiError);
  CHECK_NOTHROW(ImageReference::parse("a:" + long_tag.substr(1)));
  CHECK_THROWS_WITH(ImageReference::parse(hex), Catch::Contains("64-byte hexadecimal"));
  CHECK_THROWS_WITH(ImageReference::parse("me/App"), Catch::Contains("must be lowercase"));
}

TEST_CASE("a name may carry a digest") {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const ImageReference name = ImageReference::parse("busybox:1@" + digest).with_default_tag();
  CHECK(name.digest()->text() == digest);
  CHECK(name.full() == "docker.io/library/busybox:1@" + digest);
  CHECK_FALSE(ImageReference::parse("busybox@" + digest).with_default_tag().tag());
}
