// Digests become file names: only the one canonical form is a digest. (05-I1)

#include "05-layers-cache/base/digest.hpp"

#include <array>

#include "01-cli-socket/api_error.hpp"
#include "harness/harness.hpp"

using namespace slipway;

TEST_CASE("only the canonical form is a digest") {
  const std::string hex(64, 'a');
  REQUIRE(Digest::parse("sha256:" + hex));
  CHECK(Digest::parse("sha256:" + hex)->hex() == hex);
  CHECK(Digest::parse("sha256:" + hex)->short_hex() == "aaaaaaaaaaaa");
  const std::string upper = "sha256:" + std::string(64, 'A');
  const std::string nul = "sha256:" + std::string(63, 'a') + std::string(1, '\0');
  for (const std::string& text :
       {std::string(), hex, "sha256" + hex, "sha256:" + hex + "a", "sha256:" + hex.substr(1), upper,
        "SHA256:" + hex, " sha256:" + hex, "sha256:" + hex + "\n", nul,
        "sha256:" + std::string(63, 'a') + "g", std::string("sha256:../../etc/passwd"),
        "sha256:../../" + std::string(58, 'a'), "sha512:" + hex, "md5:" + hex,
        "sha256:" + std::string(63, 'a') + "/"}) {
    INFO("\"" << text << "\"");
    CHECK_FALSE(Digest::parse(text));
    CHECK_THROWS_AS(Digest::require(text, "test"), ApiError);
  }
}

TEST_CASE("a digest is the SHA-256 of the bytes, in however many parts they come") {
  // FIPS 180-2, appendix B.1
  const std::string expected =
      "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  CHECK(Digest::of("abc").text() == expected);
  Sha256 hash;
  for (const char c : std::string("abc")) hash.update({&c, 1});
  CHECK(hash.bytes() == 3);
  CHECK(hash.finish().text() == expected);
}
