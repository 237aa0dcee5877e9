// A container's changes become a layer and come back as they were: the writer against our own reader,
// against tar(1), and through the store.

#include "05-layers-cache/layers/pack_changes.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "01-cli-socket/api_error.hpp"
#include "05-layers-cache/images/image_draft.hpp"
#include "image_fixture.hpp"

using namespace slipway;
using namespace slipway::test;

namespace {

std::string pack(const std::filesystem::path& upper) {
  std::string bytes;
  TarStream tar([&](std::span<const char> part) { bytes.append(part.data(), part.size()); });
  pack_changes(RootDir::at(upper), tar);
  return bytes;
}

std::string tar_of(const TarHeader& header, const std::string& content = "") {
  std::string bytes;
  TarStream tar([&](std::span<const char> part) { bytes.append(part.data(), part.size()); });
  tar.add(header);
  tar.write(content);
  tar.finish();
  return bytes;
}

/// What tar(1) lists.
std::string listed(const std::string& tar) {
  return run_command({"tar", "--numeric-owner", "-tvf", "-"}, {.input = tar}).out;
}

/// An upper folder, and a fixture that its layer is unpacked into.
struct Upper {
  LayerFixture fixture;
  std::filesystem::path root = fixture.folder.path() / "upper";

  Upper() { std::filesystem::create_directory(root); }
  void file(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories((root / name).parent_path());
    write_text(root / name, content);
  }
  void whiteout(const std::string& name) const {
    REQUIRE(::mknod((root / name).c_str(), S_IFCHR, makedev(0, 0)) == 0);
  }
  void xattr(const std::string& name, const char* key, std::string_view value) const {
    REQUIRE(::setxattr((root / name).c_str(), key, value.data(), value.size(), 0) == 0);
  }
  void round_trip() { fixture.unpack(pack(root)); }
};

}  // namespace

TEST_CASE("an upper folder without changes is docker's empty layer") {
  const Upper upper;
  CHECK(Digest::of(pack(upper.root)).text() ==
        "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
}

TEST_CASE("what overlayfs says by devices and attributes, a layer says by names") {
  Upper upper;
  upper.file("srv/new", "n");
  upper.file("bin/kept", "k");
  upper.whiteout("bin/less");
  upper.xattr("srv", "trusted.overlay.opaque", "y");
  const std::string list = listed(pack(upper.root));
  CHECK(list.find("bin/.wh.less\n") != std::string::npos);
  CHECK(list.find("srv/.wh..wh..opq\n") != std::string::npos);
  upper.round_trip();
  CHECK(upper.fixture.is_whiteout("bin/less"));
  CHECK(upper.fixture.is_opaque("srv"));
  CHECK_FALSE(upper.fixture.is_opaque("bin"));
  CHECK(upper.fixture.text("srv/new") == "n");
}

TEST_CASE("every attribute of a changed file travels, the overlay's own do not") {
  Upper upper;
  upper.file("su", "su");
  REQUIRE(::chown((upper.root / "su").c_str(), 4'000'000'000U, 5) == 0);
  REQUIRE(::chmod((upper.root / "su").c_str(), 04711) == 0);
  upper.xattr("su", "user.note", std::string_view("a\0=\n", 4));
  upper.xattr("su", "trusted.overlay.origin", "x");
  const std::array<timespec, 2> times{timespec{.tv_sec = -5}, timespec{.tv_sec = -5}};
  REQUIRE(::utimensat(AT_FDCWD, (upper.root / "su").c_str(), times.data(), 0) == 0);
  upper.round_trip();
  const struct stat info = upper.fixture.status("su");
  CHECK((info.st_mode & 07777) == 04711);
  CHECK(info.st_uid == 4'000'000'000U);
  CHECK(info.st_gid == 5);
  CHECK(info.st_mtim.tv_sec == -5);
  CHECK(upper.fixture.xattr("su", "user.note") == std::string("a\0=\n", 4));
  CHECK(upper.fixture.xattr("su", "trusted.overlay.origin").empty());
}

TEST_CASE(
    "names of all kinds come back: long, not ASCII, no UTF-8, with line breaks, and as hard "
    "links") {
  const std::string long_folder = std::string(200, 'd') + "/" + std::string(200, 'e');
  for (const std::string& name :
       {std::string("plain"), long_folder + "/f", std::string("größe/文件"),
        std::string("latin1-\xe9"), std::string("a\nb"), std::string(100, 'x'),
        std::string(101, 'x')}) {
    CAPTURE(name);
    Upper upper;
    upper.file(name, "content");
    std::filesystem::create_hard_link(upper.root / name, upper.root / "zz-other");
    std::filesystem::create_symlink(name, upper.root / "zz-link");
    upper.round_trip();
    CHECK(upper.fixture.text(name) == "content");
    CHECK(upper.fixture.status("zz-other").st_ino == upper.fixture.status(name).st_ino);
    CHECK(std::filesystem::read_symlink(upper.fixture.root / "zz-link").string() == name);
  }
}

TEST_CASE("sockets are left out, fifos stay") {
  Upper upper;
  REQUIRE(::mknod((upper.root / "sock").c_str(), S_IFSOCK | 0600, 0) == 0);
  REQUIRE(::mkfifo((upper.root / "pipe").c_str(), 0600) == 0);
  upper.round_trip();
  CHECK_FALSE(upper.fixture.exists("sock"));
  CHECK(S_ISFIFO(upper.fixture.status("pipe").st_mode));
}

TEST_CASE("the same changes give the same bytes, in whatever order they were made") {
  const Upper one;
  const Upper two;
  const std::vector<std::string> names{"b", "a", "c/x", "a.b"};
  for (const std::string& name : names) one.file(name, name);
  for (auto name = names.rbegin(); name != names.rend(); ++name) two.file(*name, *name);
  for (const Upper* upper : {&one, &two}) {
    for (const char* name : {"a", "a.b", "b", "c/x", "c"}) {
      const std::array<timespec, 2> times{};
      REQUIRE(::utimensat(AT_FDCWD, (upper->root / name).c_str(), times.data(), 0) == 0);
    }
  }
  CHECK(pack(one.root) == pack(two.root));
}

TEST_CASE("a link of the container's leads nowhere: it is packed as a link") {
  Upper upper;
  std::filesystem::create_symlink(upper.fixture.canary, upper.root / "out");
  const std::string tar = pack(upper.root);
  CHECK(tar.find("canary\n") == std::string::npos);
  CHECK(listed(tar).find("out -> " + upper.fixture.canary.string()) != std::string::npos);
  CHECK(upper.fixture.canary_is_untouched());
}

TEST_CASE("what no layer can say is refused, never lost") {
  const Upper upper;
  upper.file("dir/x", "x");
  SECTION("a file that would read as a removal") {
    upper.file("dir/.wh.passwd", "");
    CHECK_THROWS_AS(pack(upper.root), Refused);
  }
  SECTION("a folder that the overlay has renamed by redirection") {
    upper.xattr("dir", "trusted.overlay.redirect", "/old");
    CHECK_THROWS_WITH(pack(upper.root), Catch::Contains("trusted.overlay.redirect"));
  }
}

TEST_CASE("numbers that no ustar field holds stand in the pax header, as tar(1) reads it") {
  const std::string tar =
      tar_of({.name = "f", .mode = 0644, .uid = 4'294'967'294, .gid = 2'097'152}, "");
  CHECK(listed(tar).find("4294967294/2097152") != std::string::npos);
  CHECK(tar.find("uid=4294967294\n") != std::string::npos);
}

TEST_CASE("a stream whose content does not fit its header is a mistake of ours, and said so") {
  TarStream tar([](std::span<const char>) {});
  tar.add({.name = "f", .size = 3});
  CHECK_THROWS_AS(tar.write(std::string("four")), std::logic_error);
  CHECK_THROWS_AS(tar.finish(), std::logic_error);
}

TEST_CASE("a draft adds a layer to an image; it is there after a restart, and its base may go") {
  Store store;
  const DockerArchive base;
  store.load(base.tar());
  const Upper upper;
  upper.file("added", "more");
  const Unpacker unpacker(program("slipway-unpack", "05"));
  std::optional<Digest> id;
  {
    ImageDraft draft(store.images, unpacker);
    draft.begin_from("app:v1");
    const LayerInfo layer = draft.add_changes(RootDir::at(upper.root));
    CHECK(layer.size == 4);
    id = draft.finish(store.images.find("app:v1")->config, {ImageReference::parse("app:v2")});
  }
  CHECK(std::filesystem::is_empty(store.images.staging()));
  store.images.remove("app:v1", false, [](const Digest&) { return std::vector<ImageUser>{}; });

  ImageStore again(store.folder.path());
  again.open();
  const ImagePtr image = again.find("app:v2");
  CHECK(image->id == *id);
  REQUIRE(image->layers.size() == 2);
  CHECK(image->size == 5 + 4);
  CHECK(read_text(again.layer_root(image->layers[1]) + "/added") == "more");
  CHECK(read_text(again.layer_root(image->layers[0]) + "/hello") == "world");
}

TEST_CASE("a draft that is given up leaves nothing") {
  Store store;
  const auto before = store.files();
  const Upper upper;
  upper.file("dir/x", "x");
  {
    ImageDraft draft(store.images, Unpacker(program("slipway-unpack", "05")));
    draft.add_changes(RootDir::at(upper.root));
    upper.file(".wh.bad", "");
    CHECK_THROWS_AS(draft.add_changes(RootDir::at(upper.root)), ApiError);
  }
  CHECK(store.files() == before);
  CHECK(store.images.all().empty());
}
