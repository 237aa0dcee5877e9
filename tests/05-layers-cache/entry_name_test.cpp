// The rules for names inside a layer, without any file. (05-I2)

#include "05-layers-cache/base/entry_name.hpp"

#include "05-layers-cache/base/refused.hpp"
#include "harness/harness.hpp"

using namespace slipway;

TEST_CASE("an entry's name is cleaned and taken apart") {
  const EntryName plain = parse_entry_name("./usr//lib/./libc.so");
  CHECK(plain.kind == EntryKind::plain);
  CHECK(plain.parent == "usr/lib");
  CHECK(plain.base == "libc.so");
  CHECK(parse_entry_name("etc/").base == "etc");
  CHECK(parse_entry_name("./").kind == EntryKind::root);
  CHECK(parse_entry_name(".").kind == EntryKind::root);
  CHECK(parse_entry_name("a..b/...").base == "...");
}

TEST_CASE("whiteouts are signs, not files") {
  const EntryName gone = parse_entry_name("etc/.wh.passwd");
  CHECK(gone.kind == EntryKind::whiteout);
  CHECK(gone.parent == "etc");
  CHECK(gone.base == "passwd");
  const EntryName opaque = parse_entry_name("etc/.wh..wh..opq");
  CHECK(opaque.kind == EntryKind::opaque);
  CHECK(opaque.parent == "etc");
  for (const char* name : {".wh..wh.plnk/1.2", ".wh..wh.aufs", "a/.wh..wh.orph/x"}) {
    CHECK(parse_entry_name(name).kind == EntryKind::ignored);
  }
  for (const char* name :
       {".wh.", "a/.wh.", ".wh..", ".wh...", "a/.wh...", ".wh.a/b", "a/.wh.b/c"}) {
    INFO(name);
    CHECK_THROWS_AS(parse_entry_name(name), Refused);
  }
}

TEST_CASE("names that lead out are refused by a rule that the message names") {
  CHECK_THROWS_WITH(parse_entry_name(""), Catch::Contains("empty"));
  CHECK_THROWS_WITH(parse_entry_name("/etc"), Catch::Contains("absolute"));
  for (const char* name : {"..", "../x", "a/../b", "a/..", "./../x"}) {
    INFO(name);
    CHECK_THROWS_WITH(parse_entry_name(name), Catch::Contains("\"..\""));
  }
  CHECK_THROWS_WITH(parse_entry_name(std::string(4096, 'a')), Catch::Contains("4095"));
}

TEST_CASE("a link's target may not climb above the root") {
  for (const auto& [parent, target] :
       std::vector<std::pair<const char*, const char*>>{{"", "usr/lib"},
                                                        {"", "/usr/lib"},
                                                        {"usr", "../lib"},
                                                        {"usr/bin", "../../lib/x"},
                                                        {"a", "b/../../c"},
                                                        {"", "a/.."},
                                                        {"", "."},
                                                        {"a/b", "/a/../b"}}) {
    INFO(parent << " -> " << target);
    CHECK_NOTHROW(check_link_target(parent, target));
  }
  for (const auto& [parent, target] :
       std::vector<std::pair<const char*, const char*>>{{"", ".."},
                                                        {"", "../x"},
                                                        {"usr", "../../x"},
                                                        {"usr/bin", "../../../etc"},
                                                        {"", "/../etc"},
                                                        {"a", "/a/../../x"},
                                                        {"", "a/../../b"},
                                                        {"a", ".././.."}}) {
    INFO(parent << " -> " << target);
    CHECK_THROWS_WITH(check_link_target(parent, target), Catch::Contains("climbs above the root"));
  }
  CHECK_THROWS_AS(check_link_target("", ""), Refused);
  CHECK_THROWS_AS(check_link_target("", std::string(4096, 'a')), Refused);
}
