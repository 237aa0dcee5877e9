/// \file
/// The state machine: the whole table against an engine that runs, and against the lesson's picture.

#include <filesystem>
#include <fstream>

#include "01-cli-socket/http_client.hpp"
#include "02-daemon/engine/containers.hpp"
#include "plain_engine.hpp"

using namespace slipway;
using namespace slipway::test;
using namespace std::chrono_literals;
using Catch::Contains;
using nlohmann::json;

namespace {

constexpr int kWidth = 11;

std::string padded(std::string_view text) {
  std::string cell(text);
  cell.resize(std::max<std::size_t>(kWidth, cell.size() + 1), ' ');
  return cell;
}

/// The table as README.md shows it: next states, and the status of a refusal.
std::string picture() {
  std::string text = padded("");
  for (const Status status : kAllStatuses) text += padded(to_string(status));
  for (const slipway::Request request : kAllRequests) {
    text += "\n" + padded(to_string(request));
    for (const Status status : kAllStatuses) {
      const Ruling found = ruling(request, status);
      text += padded(found.allowed() ? to_string(found.next) : std::to_string(found.refusal));
    }
  }
  std::string trimmed;
  for (const char c : text + "\n") {
    if (c == '\n') trimmed.erase(trimmed.find_last_not_of(' ') + 1);
    trimmed += c;
  }
  return trimmed;
}

/// A container in a state that stage 02 can bring about; its name.
std::string container_in(PlainEngine& engine, Status status) {
  const auto name = random_name("in");
  json body{{"Image", "x"}, {"Cmd", {"sh", "-c", "exec sleep 1000"}}};
  if (status == Status::restarting) {
    body["Cmd"] = {"sh", "-c", "exit 1"};
    body["HostConfig"] = {{"RestartPolicy", {{"Name", "always"}}}};
  }
  engine.create(body, name);
  if (status == Status::created) return name;
  REQUIRE(engine.slipway({"start", name}).status == 0);
  if (status == Status::exited) REQUIRE(engine.slipway({"kill", name}).status == 0);
  if (status == Status::restarting) {  // after four failures the pause is long enough for us
    REQUIRE(eventually(
        [&] {
          const json view = engine.inspect(name);
          return view["RestartCount"] > 3 && view["State"]["Status"] == "restarting";
        },
        30s));
  }
  REQUIRE(engine.status(name) == to_string(status));
  return name;
}

struct Wire {
  slipway::Request request;
  std::string method;
  std::string behind;  ///< the name
};

/// Those that have a route here. The others (pause, unpause, update) are asked of an engine that has them.
const std::vector<Wire> kWires = {{slipway::Request::exec, "POST", "/exec"},
                                  {slipway::Request::attach, "POST", "/attach?stream=1&stdout=1"},
                                  {slipway::Request::resize, "POST", "/resize?h=2&w=2"},
                                  {slipway::Request::wait, "POST", "/wait"},
                                  {slipway::Request::start, "POST", "/start"},
                                  {slipway::Request::stop, "POST", "/stop?t=0"},
                                  {slipway::Request::restart, "POST", "/restart?t=0"},
                                  {slipway::Request::kill, "POST", "/kill?signal=WINCH"},
                                  {slipway::Request::rename, "POST", "/rename?name="},
                                  {slipway::Request::remove, "DELETE", ""},
                                  {slipway::Request::force_remove, "DELETE", "?force=1"},
                                  {slipway::Request::top, "GET", "/top"}};

/// True for requests whose answer goes on until the container ends.
bool goes_on(slipway::Request request) {
  return request == slipway::Request::attach || request == slipway::Request::wait;
}

/// Asks, and takes the answer; of one that goes on its head.
HttpAnswer ask(PlainEngine& engine, const Wire& wire, const std::string& target,
               const Ruling& expected) {
  if (!goes_on(wire.request) || !expected.allowed()) {
    const std::string body = wire.request == slipway::Request::exec ? R"({"Cmd":["true"]})" : "";
    return engine.http(wire.method, target, body);
  }
  try {
    HttpClient client(engine.socket());
    if (wire.request == slipway::Request::attach) {
      static_cast<void>(client.upgrade(wire.method, target));
    } else {
      static_cast<void>(client.open(wire.method, target));
    }
    return {.status = 200, .headers = {}, .body = {}};
  } catch (const std::exception& error) {
    return {.status = 0, .headers = {}, .body = error.what()};
  }
}

std::string words_for(const Ruling& found, const json& view) {
  Container container;
  container.record.id = view["Id"];
  container.record.name = view["Name"].get<std::string>().substr(1);
  return refusal_words(found, container, container.record.name);
}

}  // namespace

TEST_CASE("the lesson's picture of the states is the table", "[02][states]") {
  INFO(picture());
  const std::string lesson = read_text("stages/02-daemon/README.md");
  CHECK_THAT(lesson, Contains("```text\n" + picture() + "```"));
}

TEST_CASE("an engine does what the table says, in every state that it can be in", "[02][states]") {
  const auto status =
      GENERATE(Status::created, Status::running, Status::exited, Status::restarting);
  PlainEngine engine;
  for (const Wire& wire : kWires) {
    const std::string name = container_in(engine, status);
    const json before = engine.inspect(name);
    const std::string behind =
        wire.behind.ends_with("name=") ? wire.behind + random_name("renamed") : wire.behind;
    const Ruling expected = ruling(wire.request, status);
    const HttpAnswer answer = ask(engine, wire, "/containers/" + name + behind, expected);
    CAPTURE(to_string(status), to_string(wire.request), answer);
    const std::string id = before["Id"];
    if (!expected.allowed()) {
      CHECK(answer.status == expected.refusal);
      if (answer.status != 304) CHECK(answer.json()["message"] == words_for(expected, before));
      if (status != Status::restarting) CHECK(engine.status(id) == before["State"]["Status"]);
    } else {
      CHECK(answer.status < 300);
      const bool removed = expected.next == Status::removing;
      // What crashes on start is back in "restarting" as soon as it is "running".
      const bool fleeting = status == Status::restarting && expected.next != Status::exited;
      if (removed) CHECK(engine.status(id) == "gone");
      if (!removed && !fleeting) CHECK(engine.status(id) == to_string(expected.next));
    }
    engine.http("DELETE", "/containers/" + id + "?force=1");
  }
}
