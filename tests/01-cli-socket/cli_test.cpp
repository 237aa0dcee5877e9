/// \file
/// Command lines: what is an option, whose it is, and what is said when it makes no sense. Invariant 01-I6.

#include <nlohmann/json.hpp>

#include "01-cli-socket/cli_app.hpp"
#include "01-cli-socket/cli_help.hpp"
#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/go_template.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;
using Words = std::vector<std::string>;

namespace {

/// A run-like set of options, and what parsing left in it.
struct Parsed {
  bool detach = false, interactive = false, tty = false, rm = true;
  std::string name = "default";
  std::optional<std::string> entrypoint;
  std::optional<long> time;
  Words env;
  CurlMode curl = CurlMode::off;
  Words rest;

  explicit Parsed(const Words& words, bool stop = true) {
    rest = parse_options(words,
                         {{"-d,--detach", &detach, ""},
                          {"-i,--interactive", &interactive, ""},
                          {"-t,--tty", &tty, ""},
                          {"--rm", &rm, ""},
                          {"--name", &name, ""},
                          {"--entrypoint", &entrypoint, ""},
                          {"--time", &time, ""},
                          {"-e,--env", &env, ""},
                          {"--curl", &curl, ""}},
                         stop);
  }
};

}  // namespace

TEST_CASE("everything behind the image belongs to the container", "[cli]") {
  const Parsed parsed(
      {"-dit", "--rm", "--name", "x", "busybox", "sh", "-c", "ls -l", "--name", "y", "--", "-d"});
  CHECK((parsed.detach && parsed.interactive && parsed.tty));
  CHECK(parsed.name == "x");
  CHECK(parsed.rest == Words{"busybox", "sh", "-c", "ls -l", "--name", "y", "--", "-d"});
}

TEST_CASE("values in every spelling", "[cli]") {
  CHECK(Parsed({"--name=x", "i"}).name == "x");
  CHECK(Parsed({"-e", "A=1", "-eB=2", "--env=C=3", "--env", "D=", "i"}).env ==
        Words{"A=1", "B=2", "C=3", "D="});
  CHECK(Parsed({"-ite", "A=1", "i"}).env == Words{"A=1"});
  CHECK(Parsed({"--name", "--detach", "i"}).name ==
        "--detach");  // an option takes the next word, whatever it is
  CHECK(Parsed({"--time", "-1", "i"}).time == -1);
  CHECK(Parsed({"--name", "a", "--name", "b", "i"}).name == "b");
  CHECK_FALSE(Parsed({"--rm=false", "i"}).rm);
  CHECK(Parsed({"--curl", "i"}).curl == CurlMode::show);
  CHECK(Parsed({"--curl=only", "i"}).curl == CurlMode::only);
  CHECK(Parsed({"i"}).name == "default");
}

TEST_CASE("an empty value is a value", "[cli]") {
  CHECK(Parsed({"--entrypoint=", "image"}).entrypoint == "");
  CHECK(Parsed({"--entrypoint", "", "image"}).entrypoint == "");
  CHECK(Parsed({"--entrypoint=", "image"}).rest == Words{"image"});
  CHECK_FALSE(Parsed({"image"}).entrypoint);
  CHECK(Parsed({"image", "sh", "--x="}).rest == Words{"image", "sh", "--x="});
}

TEST_CASE("words that a library might take for its own", "[cli]") {
  const Words words = {"image", "[a,b]", "{}",  "%%", "++", "",
                       "-",     "--a=b", "a=b", "/x", "#c", "é\n"};
  CHECK(Parsed(words).rest == words);
  CHECK(Parsed({"-e", "[a,b]", "-e", "{}", "i"}).env == Words{"[a,b]", "{}"});
}

TEST_CASE("-- ends the options", "[cli]") {
  CHECK(Parsed({"-d", "--", "-image", "-d"}).rest == Words{"-image", "-d"});
  CHECK(Parsed({"a", "--", "-b"}, /*stop=*/false).rest == Words{"a", "-b"});
}

TEST_CASE("options between names, where no command follows", "[cli]") {
  const Parsed parsed({"a", "-d", "b", "--name", "x", "c"}, /*stop=*/false);
  CHECK(parsed.detach);
  CHECK(parsed.rest == Words{"a", "b", "c"});
}

TEST_CASE("command lines that make no sense", "[cli]") {
  CHECK_THROWS_WITH(Parsed({"--nosuch", "i"}), "unknown flag: --nosuch");
  CHECK_THROWS_WITH(Parsed({"--nosuch=1", "i"}), "unknown flag: --nosuch");
  CHECK_THROWS_WITH(Parsed({"-Z", "i"}), "unknown shorthand flag: 'Z' in -Z");
  CHECK_THROWS_WITH(Parsed({"-iZ", "i"}), Contains("unknown shorthand flag: 'Z'"));
  CHECK_THROWS_WITH(Parsed({"i", "--nosuch"}, false), "unknown flag: --nosuch");
  CHECK_THROWS_WITH(Parsed({"--name"}), "flag needs an argument: --name");
  CHECK_THROWS_WITH(Parsed({"--time", "x", "i"}),
                    Contains("invalid argument \"x\" for \"--time\""));
  CHECK_THROWS_WITH(Parsed({"--time", "99999999999999999999", "i"}), Contains("whole number"));
  CHECK_THROWS_WITH(Parsed({"--rm=maybe", "i"}), Contains("true or false"));
  CHECK_THROWS_WITH(Parsed({"--curl=never", "i"}), Contains("only"));
}

TEST_CASE("endpoints", "[cli]") {
  CHECK(socket_path_of("unix:///a/b.sock") == "/a/b.sock");
  for (const std::string bad : {"", "unix://", "/a/b", "tcp://127.0.0.1:2375", "npipe:////x"}) {
    CHECK_THROWS_WITH(socket_path_of(bad), Contains("unix://PATH"));
  }
}

TEST_CASE("usage lines", "[cli]") {
  std::string text;
  Words words;
  CHECK(usage_line("slipway run",
                   {{"-d", &text, ""}, {"image", &text, "", true}, {"command", &words, ""}}) ==
        "slipway run [OPTIONS] IMAGE [COMMAND...]");
  CHECK(usage_line("slipway rm", {{"container", &words, "", true}}) ==
        "slipway rm CONTAINER [CONTAINER...]");
  CHECK(usage_line("slipway x", {{"body", &text, ""}}) == "slipway x [BODY]");
}

TEST_CASE("a curl line survives the shell", "[cli][curl]") {
  const auto word =
      GENERATE(values<std::string>({"plain", "", "two words", "it's", "$HOME `x` \"q\" \\ !",
                                    "a\nb", "*?[]{}~#&|;<>()", "é", "-x"}));
  CAPTURE(word);
  CHECK(run_shell("printf %s " + shell_quoted(word)).out == word);
}

TEST_CASE("requests as curl lines", "[cli][curl]") {
  const std::string to = "curl --unix-socket /s";
  CHECK(curl_line("/s", {.method = "GET", .target = "/v1.50/info"}) ==
        to + " http://localhost/v1.50/info");
  CHECK(curl_line("/s", {.method = "GET", .target = "/x?a=1&b=2"}) ==
        to + " 'http://localhost/x?a=1&b=2'");
  CHECK(curl_line("/s", {.method = "HEAD", .target = "/_ping"}) ==
        to + " --head http://localhost/_ping");
  CHECK(curl_line("/s", {.method = "DELETE", .target = "/c"}) ==
        to + " -X DELETE http://localhost/c");
  CHECK(curl_line("/s", {.method = "POST",
                         .target = "/c",
                         .body = "{\"a\":1}",
                         .content_type = "application/json"}) ==
        to + " -X POST -H 'Content-Type: application/json' -d '{\"a\":1}' http://localhost/c");
  CHECK(curl_line("/s", {.method = "POST",
                         .target = "/l",
                         .content_type = "application/x-tar",
                         .body_from_stdin = true,
                         .streamed = true}) ==
        to + " --no-buffer -X POST -H 'Content-Type: application/x-tar' -T - http://localhost/l");
}

TEST_CASE("templates: fields, json, len, index", "[cli][template]") {
  const nlohmann::json document = nlohmann::json::parse(
      R"({"Id":"abc","State":{"Pid":7,"Running":true,"F":1.5},"Args":["a","b"],"Labels":{"a.b":"c"},"Null":null,"Empty":{}})");
  const auto [text, expected] =
      GENERATE(table<std::string, std::string>({{"{{.Id}}", "abc"},
                                                {"{{ .State.Pid }}", "7"},
                                                {"{{.State.Running}}", "true"},
                                                {"{{.State.F}}", "1.5"},
                                                {"{{.Args}}", "[a b]"},
                                                {"{{.Labels}}", "map[a.b:c]"},
                                                {"{{.Empty}}", "map[]"},
                                                {"{{.Null}}", "<no value>"},
                                                {"{{.Labels.no}}", "<no value>"},
                                                {"{{json .Args}}", "[\"a\",\"b\"]"},
                                                {"{{json .Null}}", "null"},
                                                {"{{len .Args}}", "2"},
                                                {"{{len .Id}}", "3"},
                                                {"{{index .Args 1}}", "b"},
                                                {"{{index .Labels \"a.b\"}}", "c"},
                                                {"{{index .Labels \"\"}}", ""},
                                                {"a{{.Id}}b{{.Id}}c", "aabcbabcc"},
                                                {"{{.Id}}\\t{{.Id}}\\n", "abc\tabc\n"},
                                                {"plain", "plain"},
                                                {"", ""},
                                                {"}}", "}}"}}));
  CAPTURE(text);
  CHECK(fill_template(text, document) == expected);
  CHECK_THAT(fill_template("{{.}}", document), Contains("Id:abc"));
}
