// Variables in Dockerfiles: the rows say what Docker's reference says.

#include "05-layers-cache/dockerfile/substitution.hpp"

#include <array>

#include "harness/harness.hpp"

using namespace slipway;
using Catch::Contains;

namespace {

std::optional<std::string> lookup(std::string_view name) {
  if (name == "a") return "one";
  if (name == "empty") return "";
  if (name == "path") return "/usr/lib/a.tar.gz";
  return std::nullopt;
}

struct Row {
  const char* word;
  const char* result;
};

constexpr auto kRows = std::to_array<Row>({
    {"$a", "one"},
    {"x${a}y", "xoney"},
    {"$ab", ""},
    {"$a-b$a", "one-bone"},
    {"$", "$"},
    {"a$", "a$"},
    {"$.x", "$.x"},
    {"\\$a", "$a"},
    {"'$a'", "$a"},
    {"\"$a\"", "one"},
    {"\"'$a'\"", "'one'"},
    {"\"a\\b\\\"c\"", "a\\b\"c"},
    {"a\\ b", "a b"},
    {"${no:-x}", "x"},
    {"${empty:-x}", "x"},
    {"${empty-x}", ""},
    {"${no-x}", "x"},
    {"${a:-x}", "one"},
    {"${a:+x}", "x"},
    {"${empty:+x}", ""},
    {"${empty+x}", "x"},
    {"${no+x}", ""},
    {"${a:?x}", "one"},
    {"${no:-${a}/${no:-y}}", "one/y"},
    {"${path#*/}", "usr/lib/a.tar.gz"},
    {"${path##*/}", "a.tar.gz"},
    {"${path%.*}", "/usr/lib/a.tar"},
    {"${path%%.*}", "/usr/lib/a"},
    {"${path#/us?}", "/lib/a.tar.gz"},
    {"${path/a/b}", "/usr/lib/b.tar.gz"},
    {"${path//a/b}", "/usr/lib/b.tbr.gz"},
    {"${path//a/}", "/usr/lib/.tr.gz"},
    {"${path/x/b}", "/usr/lib/a.tar.gz"},
});

constexpr auto kWrong = std::to_array<Row>({
    {"${a", "missing '}'"},
    {"${a:", "missing '}'"},
    {"${}", "bad substitution"},
    {"${a!b}", "unsupported modifier (!) in substitution"},
    {"${a:=b}", "unsupported modifier (=) in substitution"},
    {"'a", "looking for matching single-quote"},
    {"\"a", "looking for matching double-quote"},
    {"${no:?say it}", "no: say it"},
    {"${empty:?}", "empty: not allowed to be empty"},
    {"${no?}", "no: not allowed to be unset"},
});

}  // namespace

TEST_CASE("variables, operators, quotes and escapes", "[05][dockerfile]") {
  for (const Row& row : kRows) {
    INFO(row.word);
    CHECK(expand(row.word, lookup) == row.result);
  }
  CHECK(expand("C:\\`$a", lookup, '`') == "C:\\$a");
}

TEST_CASE("a text keeps its quotes", "[05][dockerfile]") {
  CHECK(expand_in_text("it's \"$a\" \\$a \\n\n", lookup) == "it's \"one\" $a \\n\n");
}

TEST_CASE("what is no substitution is refused", "[05][dockerfile]") {
  for (const Row& row : kWrong) {
    INFO(row.word);
    CHECK_THROWS_WITH(expand(row.word, lookup), Contains(row.result));
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "${no:-";
  CHECK_THROWS_WITH(expand(deep, lookup), Contains("nested too deep"));
}
