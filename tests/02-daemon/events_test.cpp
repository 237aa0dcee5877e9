/// \file
/// GET /events and `slipway events`: what happens to a container, in docker's words and order.

#include <signal.h>

#include "02-daemon/api/event_api.hpp"
#include "02-daemon/base/human_text.hpp"
#include "plain_engine.hpp"

using namespace slipway;
using namespace slipway::test;
using namespace std::chrono_literals;
using Catch::Contains;
using nlohmann::json;
using Words = std::vector<std::string>;

namespace {

/// Everything that has happened until now, as the stream has it.
std::vector<json> events(PlainEngine& engine, const std::string& query = "") {
  const std::string now = std::to_string(unix_nanoseconds());
  const std::string until = now.substr(0, now.size() - 9) + "." + now.substr(now.size() - 9);
  const HttpAnswer answer = engine.http("GET", "/events?until=" + until + query);
  INFO(answer);
  REQUIRE(answer.status == 200);
  std::vector<json> list;
  std::istringstream lines(answer.body);
  for (std::string line; std::getline(lines, line);) list.push_back(json::parse(line));
  return list;
}

Words actions(const std::vector<json>& list) {
  Words words;
  for (const json& event : list) words.push_back(event.at("Action"));
  return words;
}

Event event(std::string type, std::string action, std::map<std::string, std::string> attributes) {
  return {.type = std::move(type),
          .action = std::move(action),
          .actor = "abc123",
          .attributes = std::move(attributes)};
}

bool passes_filter(const Event& one, const std::string& text) {
  return passes(one, Filters(text, {"container", "event", "image", "label", "type", "scope"}));
}

}  // namespace

TEST_CASE("the life of a container, as events tell it", "[02][events]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "exit 3", {"--label", "a=b"});
  CHECK(engine.wait(name) == "3\n");
  CHECK(engine.slipway({"rm", name}).status == 0);
  const auto list = events(engine);
  CHECK(actions(list) == Words{"create", "start", "die", "destroy"});
  const json& die = list.at(2);
  INFO(die.dump(1));
  CHECK(die["Type"] == "container");
  CHECK(die["scope"] == "local");
  CHECK(die["status"] == "die");
  CHECK(die["from"] == "host");
  CHECK(die["id"] == die["Actor"]["ID"]);
  CHECK(
      die["Actor"]["Attributes"] ==
      json{
          {"a", "b"}, {"image", "host"}, {"name", name}, {"exitCode", "3"}, {"execDuration", "0"}});
  CHECK(die["timeNano"].get<std::int64_t>() / 1'000'000'000 == die["time"].get<std::int64_t>());
}

TEST_CASE("a stop is a kill, an end and a stop", "[02][events]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done");
  CHECK(eventually([&] { return engine.logs(name) == "ready\n"; }, 5s));
  CHECK(engine.slipway({"stop", name}).status == 0);
  const auto list = events(engine);
  CHECK(actions(list) == Words{"create", "start", "kill", "die", "stop"});
  CHECK(list.at(2)["Actor"]["Attributes"]["signal"] == "15");
}

TEST_CASE("who listens hears at once, and hears nothing of the past", "[02][events]") {
  PlainEngine engine;
  const auto before = random_name("before"), after = random_name("after");
  engine.run(before, "exit 0");
  engine.wait(before);
  RunningCommand listening(
      engine.slipway_line({"events", "--filter", "event=die", "--format", "{{.Actor.ID}}"}));
  // The head of the answer is the only sign that it listens: look until it hears of one.
  std::string heard;
  CHECK(eventually(
      [&] {
        const auto name = random_name("again");
        engine.run(name, "exit 0");
        engine.wait(name);
        return listening.wait_for_output("\n", 200ms);
      },
      10s));
  CHECK_THAT(listening.out(), !Contains(engine.inspect(before)["Id"].get<std::string>()));
  listening.signal(SIGTERM);
  listening.finish();
}

TEST_CASE("the stream ends at `until`, and has the past from `since` on", "[02][events]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "exit 0");
  engine.wait(name);
  const auto all = events(engine);
  REQUIRE(all.size() == 3);
  const auto time = std::to_string(all.at(1)["timeNano"].get<std::int64_t>());
  const auto since = time.substr(0, time.size() - 9) + "." + time.substr(time.size() - 9);
  CHECK(actions(events(engine, "&since=" + since)) == Words{"start", "die"});
  CHECK(events(engine, "&since=2099-01-01T00:00:00Z").empty());
  const auto soon = std::to_string(unix_nanoseconds() / 1'000'000'000 + 1);
  CHECK(engine.http("GET", "/events?until=" + soon).status == 200);
}

TEST_CASE("bad questions get a 400 that names what is wrong", "[02][events][attack]") {
  PlainEngine engine;
  for (const auto& [query, words] : std::vector<std::pair<std::string, std::string>>{
           {"since=yesterday", "since"},
           {"until=x", "until"},
           {"filters=%7B%22nosuch%22:%5B%22x%22%5D%7D", "invalid filter 'nosuch'"},
           {"filters=nonsense", "filters"}}) {
    const HttpAnswer answer = engine.http("GET", "/events?" + query);
    INFO(answer);
    CHECK(answer.status == 400);
    CHECK_THAT(answer.body, Contains(words));
  }
}

TEST_CASE("filters of events are docker's", "[02][events]") {
  const Event start =
      event("container", "start", {{"name", "web"}, {"image", "busybox:latest"}, {"a", "b"}});
  for (const char* yes :
       {"{}", R"({"container":["web"]})", R"({"container":{"abc":true}})", R"({"event":["start"]})",
        R"({"event":["die","start"]})", R"({"image":["busybox"]})",
        R"({"image":["busybox:latest"]})", R"({"label":["a"]})", R"({"label":["a=b"]})",
        R"({"type":["container"]})"}) {
    CAPTURE(yes);
    CHECK(passes_filter(start, yes));
  }
  for (const char* no : {R"({"container":["other"]})", R"({"event":["die"]})",
                         R"({"image":["alpine"]})", R"({"label":["a=c"]})", R"({"type":["image"]})",
                         R"({"scope":["swarm"]})", R"({"event":["star"]})"}) {
    CAPTURE(no);
    CHECK_FALSE(passes_filter(start, no));
  }
  CHECK(passes_filter(event("container", "exec_create: sh", {}), R"({"event":["exec_create"]})"));
  CHECK(passes_filter(event("image", "tag", {{"name", "busybox:1"}}), R"({"image":["busybox"]})"));
}

TEST_CASE("the log keeps the last thousand", "[02][events]") {
  EventLog log;
  for (int i = 0; i < 1500; ++i) log.publish(event("image", std::to_string(i), {}));
  const auto oldest = log.feed().next(1, 0);
  REQUIRE(oldest);
  CHECK(oldest->value.action == "500");
  CHECK(log.feed().next(oldest->number + 7, 0)->value.action == "507");
  CHECK_FALSE(log.feed().next(log.feed().next_number(), 0));
}
