// Layers as real tools write them come out right: links, modes, owners, times, attributes,
// whiteouts. (05-I4, 05-I5)

#include <fcntl.h>
#include <linux/capability.h>

#include "05-layers-cache/base/digest.hpp"
#include "layer_fixture.hpp"

using namespace slipway;
using namespace slipway::test;

TEST_CASE("a merged /usr survives: files go where the links lead") {
  LayerFixture fixture;
  fixture.unpack(TarWriter()
                     .folder("usr/lib")
                     .symbolic_link("lib", "usr/lib")
                     .symbolic_link("lib64", "/usr/lib")
                     .file("lib/a.so", "a")
                     .file("lib64/b.so", "b")
                     .done());
  CHECK(S_ISLNK(fixture.status("lib").st_mode));
  CHECK(S_ISLNK(fixture.status("lib64").st_mode));
  CHECK(std::filesystem::read_symlink(fixture.root / "lib64") == "/usr/lib");
  CHECK(fixture.text("usr/lib/a.so") == "a");
  CHECK(fixture.text("usr/lib/b.so") == "b");
}

TEST_CASE("every attribute of a file is kept") {
  LayerFixture fixture;
  vfs_cap_data capability{};
  capability.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
  capability.data[0].permitted = 1U << CAP_NET_RAW;
  const std::string bytes(reinterpret_cast<const char*>(&capability), XATTR_CAPS_SZ_2);
  fixture.unpack(TarWriter()
                     .add({.name = "./", .type = '5', .mode = 0755})
                     .add({.name = "su", .content = "su", .mode = 04755, .uid = 0, .gid = 5})
                     .add({.name = "ping",
                           .content = "p",
                           .mode = 0755,
                           .uid = 1000,
                           .gid = 1001,
                           .pax = {{"SCHILY.xattr.security.capability", bytes},
                                   {"SCHILY.xattr.user.note", "hi"},
                                   {"mtime", "1600000000.123456789"}}})
                     .add({.name = "tmp", .type = '5', .mode = 01777, .mtime = 1500000000})
                     .file("tmp/x", "changes the folder's time")
                     .add({.name = "pipe", .type = '6', .mode = 0622, .uid = 7})
                     .add({.name = "old", .content = "1969", .pax = {{"mtime", "-1"}}})
                     .add({.name = "far", .content = "u", .pax = {{"uid", "4294967294"}}})
                     .done());
  CHECK((fixture.status("").st_mode & 07777) == 0755);
  CHECK((fixture.status("su").st_mode & 07777) == 04755);
  CHECK(fixture.status("su").st_gid == 5);
  const struct stat ping = fixture.status("ping");
  CHECK(ping.st_uid == 1000);
  CHECK(ping.st_gid == 1001);
  CHECK(ping.st_mtim.tv_sec == 1600000000);
  CHECK(ping.st_mtim.tv_nsec == 123456789);
  CHECK(fixture.xattr("ping", "security.capability") == bytes);
  CHECK(fixture.xattr("ping", "user.note") == "hi");
  CHECK((fixture.status("tmp").st_mode & 07777) == 01777);
  CHECK(fixture.status("tmp").st_mtim.tv_sec == 1500000000);
  CHECK(S_ISFIFO(fixture.status("pipe").st_mode));
  CHECK((fixture.status("pipe").st_mode & 07777) == 0622);
  CHECK(fixture.status("pipe").st_uid == 7);
  CHECK(fixture.status("old").st_mtim.tv_sec == -1);
  CHECK(fixture.status("far").st_uid == 4294967294);
}

TEST_CASE("attributes that steer the overlay are dropped, others stay") {
  LayerFixture fixture;
  fixture.unpack(TarWriter()
                     .add({.name = "d",
                           .type = '5',
                           .mode = 0755,
                           .pax = {{"SCHILY.xattr.trusted.overlay.opaque", "y"},
                                   {"SCHILY.xattr.trusted.overlay.redirect", "/etc"},
                                   {"SCHILY.xattr.user.overlay.opaque", "y"},
                                   {"SCHILY.xattr.security.selinux", "x"},
                                   {"SCHILY.xattr.trusted.mine", "t"}}})
                     .done());
  CHECK_FALSE(fixture.is_opaque("d"));
  CHECK(fixture.xattr("d", "trusted.overlay.redirect").empty());
  CHECK(fixture.xattr("d", "user.overlay.opaque").empty());
  CHECK(fixture.xattr("d", "trusted.mine") == "t");
}

TEST_CASE("names are bytes: UTF-8, Latin-1 and decomposed letters stay as they are") {
  LayerFixture fixture;
  const std::string utf8 = "caf\xc3\xa9";
  const std::string decomposed = "cafe\xcc\x81";
  const std::string latin1 = "caf\xe9";
  fixture.unpack(TarWriter()
                     .add({.name = "x", .content = "1", .pax = {{"path", utf8}}})
                     .add({.name = "y", .content = "2", .pax = {{"path", decomposed}}})
                     .file(latin1, "3")
                     .add({.name = "l", .type = '2', .link = "caf?", .pax = {{"linkpath", utf8}}})
                     .done());
  CHECK(fixture.text(utf8) == "1");
  CHECK(fixture.text(decomposed) == "2");
  CHECK(fixture.text(latin1) == "3");
  CHECK(std::filesystem::read_symlink(fixture.root / "l").string() == utf8);
}

TEST_CASE("hard links share one file, also those to symbolic links") {
  LayerFixture fixture;
  fixture.unpack(TarWriter()
                     .file("a", "content")
                     .hard_link("b", "a")
                     .hard_link("d/c", "./b")
                     .symbolic_link("s", "a")
                     .hard_link("t", "s")
                     .done());
  CHECK(fixture.status("a").st_ino == fixture.status("d/c").st_ino);
  CHECK(fixture.status("a").st_nlink == 3);
  CHECK(S_ISLNK(fixture.status("t").st_mode));
  CHECK(fixture.status("s").st_ino == fixture.status("t").st_ino);
}

TEST_CASE("the last entry of a name counts, and writes no other name's file") {
  LayerFixture fixture;
  fixture.unpack(TarWriter()
                     .file("a", "first")
                     .hard_link("b", "a")
                     .file("a", "second")
                     .folder("d/e/f")
                     .file("d", "now a file")
                     .file("g", "now a folder")
                     .file("keep/x", "x")
                     .folder("g")
                     .folder("keep")
                     .done());
  CHECK(fixture.text("a") == "second");
  CHECK(fixture.text("b") == "first");
  CHECK(fixture.text("d") == "now a file");
  CHECK(S_ISDIR(fixture.status("g").st_mode));
  CHECK(fixture.text("keep/x") == "x");
}

TEST_CASE("whiteouts become overlayfs' own", "[whiteout]") {
  LayerFixture fixture;
  fixture.unpack(TarWriter()
                     .file("etc/.wh.passwd", "")
                     .folder("new")
                     .file("new/.wh..wh..opq", "")
                     .file("new/own", "own")
                     .done());
  CHECK(fixture.is_whiteout("etc/passwd"));
  CHECK_FALSE(fixture.exists("etc/.wh.passwd"));
  CHECK(fixture.is_opaque("new"));
  CHECK_FALSE(fixture.is_opaque("etc"));
  CHECK(fixture.text("new/own") == "own");
}

TEST_CASE("a whiteout hides what is below, never what its own layer brings", "[whiteout]") {
  // OCI image-spec, layer.md: "Whiteout files MUST only apply to resources in lower/parent layers."
  LayerFixture fixture;
  fixture.unpack(TarWriter()
                     .file("f1", "own")
                     .file(".wh.f1", "")
                     .file(".wh.f2", "")
                     .file("f2", "own")
                     .file("d1/x", "own")
                     .file(".wh.d1", "")
                     .file(".wh.d2", "")
                     .folder("d2")
                     .file("d2/x", "own")
                     .done());
  for (const char* name : {"f1", "f2", "d1/x", "d2/x"}) CHECK(fixture.text(name) == "own");
  CHECK(fixture.is_opaque("d1"));
  CHECK(fixture.is_opaque("d2"));
}

TEST_CASE("sparse files keep their holes") {
  LayerFixture fixture;
  const auto made =
      run_shell("cd " + fixture.folder.path().string() +
                " && truncate -s 20M s && echo x | dd of=s bs=1 seek=5000000 conv=notrunc "
                "status=none && truncate -s 40M s && tar -S -cf s.tar s");
  INFO(made);
  fixture.unpack(read_text(fixture.folder.path() / "s.tar"));
  CHECK(fixture.status("s").st_size == 40 << 20);
  CHECK(fixture.status("s").st_blocks * 512 < 1 << 20);
  CHECK(read_text(fixture.root / "s") == read_text(fixture.folder.path() / "s"));
}

TEST_CASE("the diff id is the digest of the uncompressed tar, whatever the compression") {
  // Bytes behind the end mark belong to it, too.
  const std::string tar =
      TarWriter().file("a", std::string(100'000, 'a')).done() + std::string(9216, '\0');
  for (const std::string program : {"gzip", "bzip2", "xz", "zstd"}) {
    INFO(program);
    LayerFixture fixture;
    const UnpackReport report = fixture.unpack(compress(program, tar));
    CHECK(report.filter == program);
    CHECK(report.diff_id == Digest::of(tar));
    CHECK(report.bytes == 100'000);
    CHECK(report.entries == 1);
  }
  LayerFixture plain;
  const UnpackReport report = plain.unpack(tar);
  CHECK(report.filter == "none");
  CHECK_FALSE(report.diff_id);  // whoever has the blob knows its digest
  LayerFixture parts;
  CHECK(parts.unpack(compress("gzip", tar.substr(0, 700)) + compress("gzip", tar.substr(700)))
            .diff_id == Digest::of(tar));
}

TEST_CASE("an empty layer is a layer") {
  for (const std::string& tar : {TarWriter().done(), std::string(), compress("gzip", "")}) {
    LayerFixture fixture;
    CHECK(fixture.unpack(tar).entries == 0);
  }
}
