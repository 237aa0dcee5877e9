// Layers that attack whoever unpacks them (SECURITY.md keeps the list of what has happened to
// others). Each is given to the real slipway-unpack. Whatever it holds: the canary beside the root
// is untouched, it is over within seconds, and what is refused is refused by a message that names
// the entry and the rule. (05-I2, 05-I3)

#include <functional>

#include "02-daemon/base/atomic_file.hpp"
#include "layer_fixture.hpp"

using namespace slipway;
using namespace slipway::test;

namespace {

/// A tar of one entry.
std::string only(const TarMember& member) { return TarWriter().add(member).done(); }

/// One attack. The canary's path is known to the attacker.
struct Attack {
  std::string name;
  std::function<std::string(const std::string& canary)> tar;
  std::string rule;   ///< a part of the refusal's message; empty if there is nothing to refuse
  std::string entry;  ///< the entry that it must name; empty if the fault is the archive's
};

Attack fixed(const std::string& name, const std::string& tar, const std::string& rule,
             const std::string& entry = {}) {
  return {name, [tar](const std::string&) { return tar; }, rule, entry};
}

std::vector<Attack> attacks_by_name() {
  const std::string folder_below(40, 'n');
  std::string deep;
  for (int i = 0; i < 30; ++i) deep += folder_below + "/";
  return {
      fixed("dot-dot", only({.name = "../x"}), "\"..\"", "../x"),
      fixed("dot-dot inside", only({.name = "a/../../x"}), "\"..\"", "a/../../x"),
      fixed("dot-dot folder", only({.name = "..", .type = '5'}), "\"..\"", ".."),
      fixed("dot-dot at the end", only({.name = "a/..", .type = '5'}), "\"..\"", "a/.."),
      {"absolute", [](const auto& canary) { return only({.name = canary + "/new"}); }, "absolute",
       "/new"},
      fixed("absolute folder", only({.name = "/", .type = '5'}), "absolute", "/"),
      fixed("root as a link", only({.name = ".", .type = '2', .link = "/etc"}),
            "root must be a folder", "."),
      fixed("root as a file", only({.name = "./", .type = '0'}), "", ""),
      fixed("name too long", only({.name = "x", .pax = {{"path", deep + deep + deep + deep}}}),
            "4095"),
      fixed("component too long", only({.name = "x", .pax = {{"path", std::string(300, 'a')}}}),
            "too long", "aaa"),
      fixed("NUL in the name",
            only({.name = "x", .pax = {{"path", std::string("ok\0/../../x", 11)}}}), "", ""),
  };
}

std::vector<Attack> attacks_by_links() {
  return {
      fixed("link climbs", only({.name = "l", .type = '2', .link = "../../etc"}),
            "climbs above the root", "l"),
      fixed("link climbs from a folder",
            TarWriter().folder("a").symbolic_link("a/l", "../../x").done(), "climbs above the root",
            "a/l"),
      fixed("absolute link climbs", only({.name = "l", .type = '2', .link = "/../etc"}),
            "climbs above the root", "l"),
      fixed("empty link", only({.name = "l", .type = '2'}), "", "l"),
      fixed("link target too long",
            only({.name = "l",
                  .type = '2',
                  .link = "a",
                  .pax = {{"linkpath", std::string(5000, 'a')}}}),
            "4095", "l"),
      {"through an absolute link",
       [](const auto& canary) {
         return TarWriter().symbolic_link("l", canary).file("l/new", "x").done();
       },
       "leads to nothing", "l/new"},
      {"through a chain of links",
       [](const auto& canary) {
         return TarWriter()
             .symbolic_link("b", canary)
             .symbolic_link("a", "b")
             .file("a/new", "x")
             .done();
       },
       "leads to nothing", "a/new"},
      {"folder through a link",
       [](const auto& canary) {
         return TarWriter().symbolic_link("l", canary).folder("l/new").done();
       },
       "leads to nothing", "l/new"},
      {"over a link to a file",
       [](const auto& canary) {
         return TarWriter().symbolic_link("l", canary + "/file").file("l", "evil").done();
       },
       "", ""},
      {"folder over a link, then into it",
       [](const auto& canary) {
         return TarWriter().symbolic_link("l", canary).folder("l").file("l/new", "x").done();
       },
       "", ""},
      {"link over a folder, then into it",
       [](const auto& canary) {
         return TarWriter().file("d/a", "x").symbolic_link("d", canary).file("d/new", "x").done();
       },
       "leads to nothing", "d/new"},
      {"mode of a link's target",
       [](const auto& canary) {
         return TarWriter()
             .add({.name = "l", .type = '2', .link = canary, .mode = 07777, .uid = 7})
             .done();
       },
       "", ""},
      {"ACL of a link's target",
       [](const auto& canary) {
         return only({.name = "l",
                      .type = '2',
                      .link = canary,
                      .pax = {{"SCHILY.acl.access",
                               "user::rwx,user:1:rwx,group::rwx,mask::rwx,other::rwx"}}});
       },
       "", ""},
      fixed("link loop",
            TarWriter().symbolic_link("a", "b").symbolic_link("b", "a").file("a/x", "x").done(),
            "symbolic links", "a/x"),
      fixed("magic link", TarWriter().symbolic_link("l", "/proc/self/root").file("l/x", "x").done(),
            "leads to nothing", "l/x"),
      fixed("working folder's link",
            TarWriter().symbolic_link("l", "/proc/self/cwd/..").file("l/x", "x").done(), "", "l/x"),
      fixed("file as a folder", TarWriter().file("f", "x").file("f/x", "x").done(),
            "Not a directory", "f/x"),
  };
}

std::vector<Attack> attacks_by_hard_links() {
  return {
      fixed("hard link out", only({.name = "h", .type = '1', .link = "../canary/file"}), "\"..\"",
            "h"),
      {"absolute hard link",
       [](const auto& canary) {
         return only({.name = "h", .type = '1', .link = canary + "/file"});
       },
       "absolute", "h"},
      {"hard link through a link",
       [](const auto& canary) {
         return TarWriter().symbolic_link("l", canary).hard_link("h", "l/file").done();
       },
       "no such file", "h"},
      fixed("hard link with content out",
            only({.name = "h", .type = '1', .content = "evil", .link = "../canary/file"}), "\"..\"",
            "h"),
      {"content through a hard-linked link",
       [](const auto& canary) {
         return TarWriter()
             .symbolic_link("l", canary + "/file")
             .hard_link("h", "l")
             .file("h", "evil")
             .done();
       },
       "", ""},
      {"attributes through a hard-linked link",
       [](const auto& canary) {
         return TarWriter()
             .symbolic_link("l", canary + "/file")
             .add({.name = "h", .type = '1', .link = "l", .mode = 0777, .uid = 7})
             .done();
       },
       "", ""},
      fixed("hard link to nothing", only({.name = "h", .type = '1', .link = "gone"}),
            "no such file", "h"),
      fixed("hard link to itself", only({.name = "h", .type = '1', .link = "h"}), "no such file",
            "h"),
      fixed("hard link to a folder", TarWriter().folder("d").hard_link("h", "d").done(),
            "is no file", "h"),
      fixed("hard link to a whiteout", TarWriter().file(".wh.w", "").hard_link("h", "w").done(),
            "is no file", "h"),
      fixed("hard link to the root", only({.name = "h", .type = '1', .link = "."}), "no such file",
            "h"),
  };
}

std::vector<Attack> attacks_by_kind() {
  const std::string overlay = "SCHILY.xattr.trusted.overlay.";
  return {
      fixed("character device", only({.name = "d", .type = '3'}), "device", "d"),
      fixed("block device", only({.name = "d", .type = '4'}), "device", "d"),
      fixed("whiteout as a device", only({.name = ".wh.d", .type = '3'}),
            "whiteout must be a plain file", ".wh.d"),
      fixed("whiteout of ..", only({.name = ".wh..."}), "whiteout must name a file", ".wh..."),
      fixed("whiteout of .", only({.name = "a/.wh.."}), "whiteout must name a file", "a/.wh.."),
      fixed("whiteout of nothing", only({.name = ".wh."}), "whiteout must name a file", ".wh."),
      fixed("whiteout as a folder", only({.name = ".wh.a/b"}), "used as a folder", ".wh.a/b"),
      {"whiteout through a link",
       [](const auto& canary) {
         return TarWriter().symbolic_link("l", canary).file("l/.wh.file", "").done();
       },
       "leads to nothing", "l/.wh.file"},
      {"opaque through a link",
       [](const auto& canary) {
         return TarWriter().symbolic_link("l", canary).file("l/.wh..wh..opq", "").done();
       },
       "leads to nothing", "l/.wh..wh..opq"},
      fixed("aufs book-keeping", only({.name = ".wh..wh.plnk/../../x"}), "\"..\"", ""),
      fixed(
          "overlay attributes",
          only({.name = "f", .pax = {{overlay + "redirect", "/etc"}, {overlay + "metacopy", "x"}}}),
          "", ""),
      fixed("owner beyond 32 bits", only({.name = "f", .pax = {{"uid", "4294967296"}}}),
            "out of range", "f"),
      fixed("owner -1", only({.name = "f", .pax = {{"gid", "4294967295"}}}), "out of range", "f"),
      fixed("time with a meaning", only({.name = "f", .pax = {{"mtime", "1.1073741823"}}}), "", ""),
  };
}

std::string garbage(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(Environment::get().random(256));
  return bytes;
}

std::vector<Attack> broken_archives() {
  const std::string tar =
      TarWriter().file("a", std::string(20'000, 'x')).file("b", garbage(20'000)).done();
  const auto half = [](const std::string& bytes) { return bytes.substr(0, bytes.size() / 2); };
  return {
      fixed("cut tar", half(tar), "Truncated tar archive", ""),
      fixed("cut gzip", half(compress("gzip", tar)), "truncated", ""),
      fixed("cut xz", half(compress("xz", tar)), "damaged archive", ""),
      fixed("cut bzip2", half(compress("bzip2", tar)), "damaged archive", ""),
      fixed("cut zstd", half(compress("zstd", tar)), "damaged archive", ""),
      fixed("gzip in gzip", compress("gzip", compress("gzip", tar)), "compressed twice", ""),
      fixed("bad checksum", only({.name = "a", .bad_checksum = true}), "damaged archive", ""),
      fixed("bad checksum behind a good entry",
            TarWriter().file("a", "x").add({.name = "b", .bad_checksum = true}).done(),
            "damaged archive", ""),
      fixed("garbage", garbage(10'000), "damaged archive", ""),
      fixed("zip", "PK\x03\x04" + garbage(1000), "damaged archive", ""),
      fixed("7z", "7z\xbc\xaf\x27\x1c" + garbage(1000), "damaged archive", ""),
      fixed("cpio", "070701" + std::string(500, '0'), "damaged archive", ""),
      fixed("pax header over 1 MiB",
            only({.name = "a", .pax = {{"comment", std::string(2 << 20, 'c')}}}), "damaged archive",
            ""),
      fixed("sparse file over 1 TiB",
            only({.name = "a",
                  .content = "1\n1099511627775\n1\n" + std::string(493, '\0') + "x",
                  .pax = {{"GNU.sparse.major", "1"},
                          {"GNU.sparse.minor", "0"},
                          {"GNU.sparse.name", "a"},
                          {"GNU.sparse.realsize", "1099511627776"}}}),
            "its limit", "a"),
  };
}

void check_attack(const Attack& attack) {
  INFO("attack: " << attack.name);
  LayerFixture fixture;
  const auto start = std::chrono::steady_clock::now();
  std::string refusal;
  try {
    // A small machine's limits: what is over them would be over larger ones with larger archives.
    fixture.unpack(attack.tar(fixture.canary), {.bytes = 64 << 20, .ratio = 0});
  } catch (const Refused& reason) {
    refusal = reason.what();
  }
  CHECK(std::chrono::steady_clock::now() - start < limit(std::chrono::seconds(10)));
  CHECK(fixture.canary_is_untouched());
  INFO("refused with: \"" << refusal << "\"");
  if (!attack.rule.empty()) CHECK_THAT(refusal, Catch::Contains(attack.rule));
  if (!attack.entry.empty()) CHECK_THAT(refusal, Catch::Contains(attack.entry));
}

}  // namespace

TEST_CASE("layers with hostile names stay inside or are refused", "[hostile]") {
  for (const Attack& attack : attacks_by_name()) check_attack(attack);
}

TEST_CASE("layers with hostile links stay inside or are refused", "[hostile]") {
  for (const Attack& attack : attacks_by_links()) check_attack(attack);
}

TEST_CASE("layers with hostile hard links stay inside or are refused", "[hostile]") {
  for (const Attack& attack : attacks_by_hard_links()) check_attack(attack);
}

TEST_CASE("layers with devices, whiteouts and attributes that reach for more are refused",
          "[hostile]") {
  for (const Attack& attack : attacks_by_kind()) check_attack(attack);
}

TEST_CASE("broken archives are refused", "[hostile]") {
  for (const Attack& attack : broken_archives()) check_attack(attack);
}

TEST_CASE("a bomb stops at its limit, and the disk has not grown beyond it", "[hostile]") {
  LayerFixture fixture;
  const std::string bomb =
      compress("gzip", TarWriter().file("zeros", std::string(64 << 20, '\0')).done());
  CHECK(bomb.size() < 100'000);
  CHECK_THROWS_WITH(fixture.unpack(bomb, {.bytes = 1 << 20, .ratio = 0}),
                    Catch::Contains("unpacks to more than 1048576 bytes, its limit"));
  CHECK(fixture.status("zeros").st_size <= 1 << 20);
  // The default: 20 GiB, or 200 times what came in and 1 GiB.
  CHECK(UnpackBudget{}.limit(1000) == 20ULL << 30);
  CHECK(UnpackBudget{}.limit(1ULL << 30) == 201ULL << 30);
  CHECK(UnpackBudget{.ceiling = 5}.limit(1000) == 5);
  CHECK(UnpackBudget{}.limit(UINT64_MAX) == UINT64_MAX);
}

TEST_CASE("a million empty files stop at the limit of entries", "[hostile]") {
  LayerFixture fixture;
  TarWriter tar;
  for (int i = 0; i < 200; ++i) tar.file("f" + std::to_string(i), "");
  CHECK_THROWS_WITH(fixture.unpack(tar.done(), {.entries = 100}),
                    Catch::Contains("more than 100 entries"));
}

TEST_CASE("a tree that is deeper than a path can say is removed again", "[hostile]") {
  LayerFixture fixture;
  TarWriter tar;
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "d/";
  tar.folder(deep).symbolic_link("l0", deep);
  for (int round = 0; round < 30; ++round) {  // each round goes on where a short link leads
    const std::string further = "l" + std::to_string(round) + "/" + deep;
    tar.folder(further).symbolic_link("l" + std::to_string(round + 1), further);
  }
  fixture.unpack(tar.done());
  remove_tree(fixture.root);
  CHECK_FALSE(std::filesystem::exists(fixture.root));
  CHECK(fixture.canary_is_untouched());
}
