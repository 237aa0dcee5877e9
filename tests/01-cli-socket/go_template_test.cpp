/// \file
/// Templates: what Go's text/template makes of them. The expected texts are docker's own (28.2.2).

#include <nlohmann/json.hpp>

#include "01-cli-socket/go_template.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using Catch::Contains;
using Cases = std::vector<std::pair<std::string, std::string>>;

namespace {

const nlohmann::json& document() {
  static const auto parsed = nlohmann::json::parse(R"({
    "Id": "abc", "Name": "/web one", "State": {"Status": "exited", "ExitCode": 3, "Running": false},
    "Args": ["a", "b"], "Labels": {"a.b": "c", "z": "y"}, "Null": null, "Empty": [],
    "Mounts": [{"Source": "/x", "RW": true}, {"Source": "/y", "RW": false}]})");
  return parsed;
}

void check_all(const Cases& cases) {
  for (const auto& [text, expected] : cases) {
    CAPTURE(text);
    CHECK(fill_template(text, document()) == expected);
  }
}

}  // namespace

TEST_CASE("templates: conditions", "[cli][template]") {
  check_all({{"{{if .State.Running}}up{{else}}down{{end}}", "down"},
             {"{{if eq .State.Status \"created\" \"exited\"}}yes{{end}}", "yes"},
             {"{{if .Empty}}x{{else if gt .State.ExitCode 2}}code{{else}}y{{end}}", "code"},
             {"{{if .Empty}}x{{else if .Null}}y{{else}}z{{end}}", "z"},
             {"{{if and .Id (not .Empty)}}both{{end}}", "both"},
             {"{{if or .Null .Id}}one{{end}}", "one"},
             {"{{with .State}}{{.ExitCode}} {{$.Id}}{{end}}", "3 abc"},
             {"{{with .Null}}{{.No.Matter}}{{else}}none{{end}}", "none"},
             {"{{if .Null}}{{if .Id}}inner{{end}}{{end}}after", "after"}});
}

TEST_CASE("templates: ranges and variables", "[cli][template]") {
  check_all({{"{{range .Args}}<{{.}}>{{end}}", "<a><b>"},
             {"{{range $i, $a := .Args}}{{$i}}={{$a}};{{end}}", "0=a;1=b;"},
             {"{{range $k, $v := .Labels}}{{$k}}={{$v}} {{end}}", "a.b=c z=y "},
             {"{{range .Empty}}x{{else}}nothing{{end}}", "nothing"},
             {"{{range .Mounts}}{{.Source}}{{if .RW}}!{{end}} {{end}}", "/x! /y "},
             {"{{$id := .Id}}{{range .Args}}{{$id}}{{.}} {{end}}", "abca abcb "},
             {"{{range .Mounts}}{{range $.Args}}{{.}}{{end}}{{end}}", "abab"}});
}

TEST_CASE("templates: functions and pipes", "[cli][template]") {
  check_all(
      {{"{{.Id | upper}}", "ABC"},
       {"{{upper .Id | printf \"%-5s|\"}}", "ABC  |"},
       {"{{printf \"%s=%d %v %q %%\" .Id .State.ExitCode .Args .Id}}", "abc=3 [a b] \"abc\" %"},
       {"{{join .Args \", \"}}", "a, b"},
       {"{{range split .Name \" \"}}[{{.}}]{{end}}", "[/web][one]"},
       {"{{title .Name}}", "/web One"},
       {"{{slice .Id 1}} {{slice .Id 0 2}}", "bc ab"},
       {"{{len .Mounts}} {{.Args | len}}", "2 2"},
       {"{{(index .Mounts 1).Source}}", "/y"},
       {"{{index .Labels \"no\"}}|", "|"},
       {"{{.Labels \"a.b\"}}", "c"},
       {"{{println .Id 1}}", "abc 1\n"},
       {"{{`raw \"text\"`}}", "raw \"text\""},
       {"{{json .State}}", R"({"ExitCode":3,"Running":false,"Status":"exited"})"},
       {"{{truncate .Name 4}}{{pad .Id 1 2}}|", "/web abc  |"}});
}

TEST_CASE("templates: spaces and comments", "[cli][template]") {
  check_all({{"a {{- .Id -}} b", "aabcb"}, {"a{{/* nothing */}}b", "ab"}, {"{{ .Id }}", "abc"}});
}

TEST_CASE("templates that are refused say why", "[cli][template]") {
  const auto [text, words] = GENERATE(table<std::string, std::string>(
      {{"{{.Id", "unclosed"},
       {"{{}}", "empty"},
       {"{{.Foo}}", "map has no entry for key \"Foo\""},
       {"{{.State.Foo}}", "map has no entry for key \"Foo\""},
       {"{{range .Args}}x", "{{range}} without {{end}}"},
       {"{{if .Args}}x", "{{if}} without {{end}}"},
       {"{{end}}", "unexpected {{end}}"},
       {"{{Id}}", "function \"Id\" not defined"},
       {"{{index .Args 5}}", "out of range"},
       {"{{index .Args -1}}", ""},
       {"{{json}}", "not enough arguments"},
       {"{{json \"x}}", "quote"},
       {"{{(.Id}}", "paren"},
       {"{{$x}}", "undefined variable: $x"},
       {"{{printf \"%n\" .Id}}", "unknown verb"},
       {"{{printf \"%99999999999999999999999s\" .Id}}", "bad format"},
       {"{{slice .Id 9}}", "out of range"},
       {"{{truncate .Id .Id}}", "wrong type"}}));
  CAPTURE(text);
  if (words.empty()) {
    CHECK(fill_template(text, document()) == "<no value>");
  } else {
    CHECK_THROWS_WITH(fill_template(text, document()), Contains("template") && Contains(words));
  }
}
