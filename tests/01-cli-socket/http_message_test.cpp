/// \file
/// Messages as values: queries, percent codes, targets, JSON from outside.

#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/http_message.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;
using nlohmann::json;

TEST_CASE("percent codes are decoded; broken ones stay as they are", "[message]") {
  const auto [text, decoded] = GENERATE(table<std::string, std::string>({{"", ""},
                                                                         {"plain", "plain"},
                                                                         {"a%20b", "a b"},
                                                                         {"%2Fx%2fy", "/x/y"},
                                                                         {"%41%7a", "Az"},
                                                                         {"%", "%"},
                                                                         {"%4", "%4"},
                                                                         {"%4g", "%4g"},
                                                                         {"%%41", "%A"},
                                                                         {"a+b", "a+b"},
                                                                         {"%C3%A9", "é"}}));
  CHECK(percent_decode(text) == decoded);
}

TEST_CASE("a percent code at the very end is a code, too", "[message]") {
  CHECK(percent_decode("x%41") == "xA");
  CHECK(percent_decode("%41") == "A");
  CHECK(percent_decode("%4") == "%4");
}

TEST_CASE("zero bytes and plus signs", "[message]") {
  CHECK(percent_decode("a%00b") == std::string("a\0b", 3));
  CHECK(percent_decode("a+b", /*plus_is_space=*/true) == "a b");
  CHECK(percent_decode("a%2Bb", true) == "a+b");
}

TEST_CASE("encoding and decoding are inverse for all bytes", "[message]") {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  CHECK(percent_decode(percent_encode(all)) == all);
  CHECK(percent_encode("a/b c") == "a/b%20c");
}

TEST_CASE("a query's parameters: order, repetition, presence", "[message]") {
  const HttpQuery query("a=1&a=2&empty=&bare&x%3Dy=z%26w&&=nameless&plus=a+b");
  CHECK(query.get("a") == "1");
  CHECK(query.all("a") == std::vector<std::string>{"1", "2"});
  CHECK(query.get("empty") == "");
  CHECK(query.get("bare") == "");
  CHECK_FALSE(query.get("absent"));
  CHECK(query.get("x=y") == "z&w");
  CHECK(query.get("plus") == "a b");
  CHECK(query.value("empty", "fallback") == "fallback");
  CHECK(query.value("absent", "fallback") == "fallback");
}

TEST_CASE("Docker's rule for true and false in a query", "[message]") {
  const auto [text, value] = GENERATE(table<std::string, bool>({{"f=1", true},
                                                                {"f=true", true},
                                                                {"f=anything", true},
                                                                {"f=-1", true},
                                                                {"f=0", false},
                                                                {"f=false", false},
                                                                {"f=False", false},
                                                                {"f=no", false},
                                                                {"f=none", false},
                                                                {"f=", false},
                                                                {"f", false},
                                                                {"", false}}));
  CAPTURE(text);
  CHECK(HttpQuery(text).flag("f") == value);
  CHECK(HttpQuery("").flag("f", true));
}

TEST_CASE("numbers in a query: whole or refused by name", "[message]") {
  CHECK(HttpQuery("n=-12").number("n") == -12);
  CHECK_FALSE(HttpQuery("n=").number("n"));
  CHECK_FALSE(HttpQuery("").number("n"));
  const auto text = GENERATE(
      values<std::string>({"n=x", "n=1x", "n=1.5", "n=99999999999999999999", "n=0x10", "n=%201"}));
  CAPTURE(text);
  CHECK_THROWS_WITH(HttpQuery(text).number("n"), Contains("'n'"));
}

TEST_CASE("a target is version, path and query", "[message]") {
  const auto [target, version, path] = GENERATE(table<std::string, std::string, std::string>(
      {{"/v1.50/containers/json?all=1", "1.50", "/containers/json"},
       {"/containers/json", "", "/containers/json"},
       {"/v1.24", "1.24", "/"},
       {"/volumes", "", "/volumes"},
       {"/version", "", "/version"},
       {"/v/x", "", "/v/x"},
       {"/v1.50", "1.50", "/"},
       {"/v1.50/", "1.50", "/"},
       {"/vx.1/y", "", "/vx.1/y"},
       {"/a%2Fb/c", "", "/a%2Fb/c"}}));
  CAPTURE(target);
  HttpRequest request;
  parse_target(target, request);
  CHECK(request.version == version);
  CHECK(request.path == path);
}

TEST_CASE("header names compare without case; order and repetition are kept", "[message]") {
  HttpHeaders headers{{"Content-Type", "a"}, {"X-Two", "1"}};
  headers.add("x-two", "2");
  CHECK(headers.get("content-TYPE") == "a");
  CHECK(headers.get("X-TWO") == "1");
  headers.set("CONTENT-type", "b");
  CHECK(std::distance(headers.begin(), headers.end()) == 3);
  CHECK(headers.get("Content-Type") == "b");
  CHECK(headers.get("Content") == "");
}

TEST_CASE("JSON answers end in a line feed, are not escaped for HTML, and never fail on bad UTF-8",
          "[message]") {
  const auto response = json_response(201, {{"a", "<&>\xff"}});
  CHECK(response.body == "{\"a\":\"<&>\xEF\xBF\xBD\"}\n");
  CHECK(response.headers.get("Content-Type") == "application/json");
  CHECK(error_response(304, "unchanged").body.empty());
}

TEST_CASE("JSON from outside: whole, not too deep, one error otherwise", "[message][attack]") {
  CHECK(parse_json("{\"a\":[1]}")["a"][0] == 1);
  const auto text = GENERATE(values<std::string>(
      {"", "{", "{\"a\":1}x", "[1,]", "nul", "\xff", "{'a':1}", "\"\\ud800\""}));
  CAPTURE(text);
  CHECK_THROWS_AS(parse_json(text), ApiError);
  CHECK_THROWS_WITH(parse_json(std::string(100'000, '[')), Contains("nested"));
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "{\"a\":";
  CHECK_THROWS_WITH(parse_json(deep), Contains("nested"));
}

TEST_CASE("JsonFields: a field of the wrong type is a 400 that names it", "[message]") {
  const json document =
      json::parse(R"({"HostConfig":{"Memory":"a lot","Binds":[1],"Init":1,"Null":null},
      "Cmd":{"no":1},"Labels":{"a":1},"Big":1e30})");
  const JsonFields fields(document);
  const JsonFields host = fields.object("HostConfig");
  CHECK_THROWS_WITH(host.integer("Memory"), Contains("HostConfig.Memory") && Contains("string"));
  CHECK_THROWS_WITH(host.texts("Binds"), Contains("HostConfig.Binds"));
  CHECK_THROWS_WITH(host.boolean("Init"), Contains("HostConfig.Init"));
  CHECK_THROWS_WITH(fields.text_or_texts("Cmd"), Contains("Cmd"));
  CHECK_THROWS_WITH(fields.text_map("Labels"), Contains("Labels"));
  CHECK_THROWS_WITH(fields.integer("Big"), Contains("Big"));
  CHECK(host.text("Null", "fallback") == "fallback");
  CHECK_FALSE(host.has("Null"));
  CHECK(host.integer("Absent", 7) == 7);
  CHECK(fields.object("Absent").texts("Anything").empty());
  CHECK_THROWS_AS(JsonFields(json::array()), ApiError);
}

TEST_CASE("a command is a list or one word", "[message]") {
  const json document = {{"list", {"a", "b"}}, {"word", "a b"}};
  CHECK(JsonFields(document).text_or_texts("list") == std::vector<std::string>{"a", "b"});
  CHECK(JsonFields(document).text_or_texts("word") == std::vector<std::string>{"a b"});
  CHECK_FALSE(JsonFields(document).text_or_texts("absent"));
}
