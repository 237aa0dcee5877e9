/// \file
/// What a request may call things: containers, filters, signals.

#include <signal.h>

#include <set>

#include "01-cli-socket/api_error.hpp"
#include "02-daemon/base/filters.hpp"
#include "02-daemon/base/identity.hpp"
#include "02-daemon/base/signals.hpp"
#include "02-daemon/engine/containers.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;
using Catch::Matches;
using Words = std::vector<std::string>;

namespace {

/// The status and the message of the ApiError that `call` throws.
template <class Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const ApiError& error) {
    return std::to_string(error.status()) + " " + error.what();
  }
  return "no refusal";
}

ContainerPtr container(std::string id, std::string name, std::string created = "") {
  auto made = std::make_shared<Container>();
  made->record.id = std::move(id);
  made->record.name = std::move(name);
  made->record.created = std::move(created);
  return made;
}

void add(ContainerTable& table, ContainerPtr container) {
  table.reserve_name(container->record.name, container->record.id);
  table.insert(std::move(container));
}

const std::string kId1 = "abc1" + std::string(60, '0');
const std::string kId2 = "abc2" + std::string(60, '0');

}  // namespace

TEST_CASE("a container is found by id, name, or a prefix of its id that only it has", "[02]") {
  ContainerTable table;
  add(table, container(kId1, "web"));
  add(table, container(kId2, "abc"));
  for (const std::string reference : {kId1.c_str(), "web", "/web", "abc1", "abc10"}) {
    CHECK(table.find(reference)->record.id == kId1);
  }
  CHECK(table.find("abc")->record.id == kId2);  // a name goes before a prefix
  CHECK(table.maybe_find("nope") == nullptr);
  CHECK(refusal([&] { return table.find("nope"); }) == "404 No such container: nope");
  CHECK(refusal([&] { return table.find(""); }) == "404 No such container: ");
  CHECK(refusal([&] { return table.find("ab"); }) ==
        "400 multiple IDs found with provided prefix: ab");
  table.erase(*table.find("abc2"));
  CHECK(table.find("ab")->record.id == kId1);
}

TEST_CASE("a name belongs to one container, from its reservation on", "[02]") {
  ContainerTable table;
  table.reserve_name("web", kId1);
  CHECK(table.maybe_find("web") == nullptr);  // it does not exist yet
  CHECK(refusal([&] { table.reserve_name("web", kId2); }) ==
        "409 Conflict. The container name \"/web\" is already in use by container \"" + kId1 +
            "\". You have to remove (or rename) that container to be able to reuse that name.");
  table.reserve_name("web", kId1);
  table.release_name("web");
  add(table, container(kId2, "web"));
  table.erase(*table.find("web"));
  table.reserve_name("web", kId1);
}

TEST_CASE("containers are listed newest first", "[02]") {
  ContainerTable table;
  add(table, container(kId1, "one", "2025-01-01T00:00:00.000000001Z"));
  add(table, container(kId2, "two", "2025-01-01T00:00:00.000000002Z"));
  Words names;
  for (const auto& one : table.all()) names.push_back(one->record.name);
  CHECK(names == Words{"two", "one"});
}

TEST_CASE("ids are 64 random hex digits that never read as a number", "[02]") {
  std::set<std::string> ids;
  for (int i = 0; i < 500; ++i) {
    const std::string id = random_id();
    CHECK_THAT(id, Matches("[0-9a-f]{64}"));
    CHECK(id.substr(0, 12).find_first_of("abcdef") != std::string::npos);
    ids.insert(id);
  }
  CHECK(ids.size() == 500);
  CHECK_THAT(slipway::random_name(), Matches("[a-z]+_[a-z]+"));
  CHECK_NOTHROW(check_container_name(slipway::random_name()));
}

TEST_CASE("names have docker's alphabet", "[02]") {
  for (const char* good : {"ab", "a_.-", "0Z", "Web-1.2"})
    CHECK_NOTHROW(check_container_name(good));
  for (const std::string& bad :
       Words{"", "a", "-ab", ".a", "a b", "a/b", "..", "ä-ö", "a\n", std::string(300, 'a')}) {
    CHECK(refusal([&] { check_container_name(bad); }) ==
          "400 Invalid container name (" + bad + "), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
  }
  CHECK_THROWS_AS(check_container_name(std::string("a\0b", 3)), ApiError);
}

TEST_CASE("filters come in two encodings and mean the same", "[02]") {
  const std::string text =
      GENERATE(as<std::string>(), R"({"label":{"a=b":true,"c":true},"status":{"exited":true}})",
               R"({"label":["a=b","c"],"status":["exited"]})");
  const Filters filters(text, {"label", "status", "name"});
  CHECK(filters.values("label") == Words{"a=b", "c"});
  CHECK(filters.values("name").empty());
  CHECK(filters.any("status", [](const auto& value) { return value == "exited"; }));
  CHECK_FALSE(filters.any("status", [](const auto& value) { return value == "running"; }));
  CHECK(filters.any("name", [](const auto&) { return false; }));  // no such filter: all pass
  CHECK(filters.labels_match({{"a", "b"}, {"c", ""}}));
  CHECK(filters.labels_match({{"a", "b"}, {"c", "anything"}, {"d", ""}}));
  CHECK_FALSE(filters.labels_match({{"a", "b"}}));
  CHECK_FALSE(filters.labels_match({{"a", "x"}, {"c", ""}}));
}

TEST_CASE("a filter that is switched off, and no filters at all", "[02]") {
  CHECK(Filters(R"({"status":{"exited":false}})", {"status"}).values("status").empty());
  CHECK(Filters("", {}).values("status").empty());
  CHECK(Filters("{}", {}).labels_match({}));
}

TEST_CASE("bad filters are refused by name", "[02][attack]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {R"({"nosuch":["x"]})", "400 invalid filter 'nosuch'"},
      {R"({"status":"exited"})", "400 filters.status: expected an array or an object"},
      {R"({"status":[1]})", "400 filters.status: expected strings"},
      {R"(["status"])", "400 filters: expected an object"},
  }));
  CHECK(refusal([&, t = text] { Filters(t, {"status"}); }) == message);
  CHECK_THAT(refusal([] { Filters("{nonsense", {}); }), Contains("400 filters"));
}

TEST_CASE("names are filtered by regular expression", "[02]") {
  CHECK(matches_pattern("^web", "web-1"));
  CHECK(matches_pattern("b-", "web-1"));
  CHECK_FALSE(matches_pattern("^eb", "web-1"));
  CHECK(refusal([] { matches_pattern("(", "x"); }) == "400 invalid pattern '('");
}

TEST_CASE("signals have names, numbers, and both with or without SIG", "[02]") {
  const auto [text, number] = GENERATE(table<std::string, int>({{"SIGTERM", SIGTERM},
                                                                {"term", SIGTERM},
                                                                {"15", 15},
                                                                {"SigKill", SIGKILL},
                                                                {"9", 9},
                                                                {"HUP", SIGHUP},
                                                                {"WINCH", SIGWINCH},
                                                                {"RTMIN", 34},
                                                                {"SIGRTMIN+3", 37},
                                                                {"rtmax-1", 63},
                                                                {"RTMAX", 64},
                                                                {"64", 64},
                                                                {"IO", SIGIO},
                                                                {"IOT", SIGABRT},
                                                                {"CLD", SIGCHLD}}));
  CAPTURE(text);
  CHECK(parse_signal(text) == number);
}

TEST_CASE("what is no signal is refused", "[02][attack]") {
  for (const std::string& text :
       Words{"", "HUPP", "0", "65", "-9", "SIG", "SIGSIGTERM", "9x", "RTMIN+31", "RTMIN+-3",
             "RTMIN+2147483647", "RTMAX-2147483647", "99999999999999999999"}) {
    CHECK(refusal([&] { parse_signal(text); }) == "400 Invalid signal: " + text);
  }
}
