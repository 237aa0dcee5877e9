// .dockerignore: patterns and paths, and who wins.

#include "05-layers-cache/build/ignore_file.hpp"

#include <array>

#include "harness/harness.hpp"

using namespace slipway;
using Catch::Contains;

namespace {

struct Row {
  const char* file;
  const char* path;
  bool excluded;
};

constexpr auto kRows = std::to_array<Row>({
    {"", "a", false},
    {"a", "a", true},
    {"a", "a/b/c", true},
    {"a", "b/a", false},
    {"/a", "a", true},
    {"a/", "a/b", true},
    {"./a", "a", true},
    {"a/../b", "b", true},
    {"../a", "a", true},
    {"*", "a/b", true},
    {"*.md", "x.md", true},
    {"*.md", "d/x.md", false},
    {"*/x.md", "d/x.md", true},
    {"*/*", "a", false},
    {"**/x.md", "x.md", true},
    {"**/x.md", "a/b/x.md", true},
    {"**/x.md", "ax.md", false},
    {"a/**", "a/b/c", true},
    {"a/**", "a", false},
    {"a/**/z", "a/z", true},
    {"a/**/z", "a/b/c/z", true},
    {"a/**/z", "a/bz", false},
    {"**", "a/b", true},
    {"**.go", "a/b.go", true},
    {"a?c", "abc", true},
    {"a?c", "a/c", false},
    {"[a-c]x", "bx", true},
    {"[^a-c]x", "bx", false},
    {"[^a-c]x", "dx", true},
    {"a\\*b", "a*b", true},
    {"a\\*b", "axb", false},
    {"a.b", "axb", false},
    {"# a\na", "# a", false},
    {"  a  \r\n", "a", true},
    {"*\n!a", "a", false},
    {"*\n!a", "a/b", false},
    {"*\n!a\na/b", "a/b", true},
    {"*\n!a/b", "a/b", false},
    {"*\n!a/b", "a/c", true},
    {"!a\n*", "a", true},
    {"*.md\n! README.md", "README.md", false},
    {"!a", "a", false},
});

}  // namespace

TEST_CASE("the last pattern that matches a path or a folder above it decides",
          "[05][dockerignore]") {
  for (const Row& row : kRows) {
    INFO(row.file << " on " << row.path);
    CHECK(IgnoreFile::parse(row.file).excludes(row.path) == row.excluded);
  }
  CHECK(IgnoreFile::parse("a\n!b").has_exceptions());
  CHECK_FALSE(IgnoreFile::parse("a\n").has_exceptions());
}

TEST_CASE("what is no pattern is refused with its line", "[05][dockerignore]") {
  for (const char* wrong : {"[a", "a[", "[]", "[^]", "a\\", "[a-]", "!"}) {
    INFO(wrong);
    CHECK_THROWS_WITH(IgnoreFile::parse(std::string("ok\n") + wrong),
                      Contains(".dockerignore line 2: "));
  }
}

TEST_CASE("a pattern made to be slow is not", "[05][dockerignore]") {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "a*";
  CHECK_FALSE(path_matches(pattern + "b", std::string(2000, 'a')));
}
