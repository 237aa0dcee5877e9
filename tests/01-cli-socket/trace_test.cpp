/// \file
/// The tracer: steps travel from box to box with the request, and are told as a story. Invariant
/// 01-I5.

#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/error_text.hpp"
#include "01-cli-socket/explain_story.hpp"
#include "01-cli-socket/trace.hpp"
#include "local_server.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;

TEST_CASE("a trace without an id records nothing", "[trace]") {
  Trace trace;
  { auto step = trace.begin("01", "name", "call", "arguments"); }
  trace.add(TraceStep{.name = "x"});
  CHECK_FALSE(trace.on());
  CHECK(trace.steps().empty());
}

TEST_CASE("a step knows its box, its time, and whether it failed", "[trace]") {
  Trace trace("id", "engine");
  { auto step = trace.begin("02", "good", "call"); }
  try {
    auto step = trace.begin("02", "bad", "call");
    throw std::runtime_error("x");
  } catch (const std::exception&) {
  }
  {
    auto step = trace.begin("02", "told", "call");
    step.result("42");
  }
  const auto steps = trace.steps();
  REQUIRE(steps.size() == 3);
  CHECK(steps[0].box == "engine");
  CHECK(steps[0].result == "ok");
  CHECK(steps[1].result == "failed");
  CHECK(steps[2].result == "42");
  CHECK(steps[0].start_us <= steps[1].start_us);
}

TEST_CASE("steps survive the way through a header", "[trace]") {
  const std::vector<TraceStep> steps = {{.box = "shim",
                                         .stage = "03",
                                         .name = "rootfs",
                                         .call = "mount",
                                         .arguments = "\"a\" → b\n\xff",
                                         .result = "ok",
                                         .start_us = 5,
                                         .duration_us = 7}};
  const std::string text = steps_to_text(steps);
  for (const char c : text) REQUIRE((c >= 0x20 && c < 0x7f));  // one line of ASCII
  const auto back = steps_from_text(text);
  REQUIRE(back.size() == 1);
  CHECK(back[0].arguments == "\"a\" → b\n\xEF\xBF\xBD");
  CHECK(back[0].start_us == 5);
  CHECK(back[0].duration_us == 7);
  for (const std::string bad : {"", "x", "{}", "[1]", "[{\"Box\":1}]", "[{\"Box\":\"a\""}) {
    CAPTURE(bad);
    CHECK(steps_from_text(bad).empty());
  }
}

TEST_CASE("a request's steps come back: in a header, in a trailer, and from two boxes behind",
          "[trace]") {
  LocalServer shim([](Exchange& exchange) {
    { auto step = exchange.trace().begin("03", "inner", "clone3"); }
    exchange.respond({.status = 204});
  });
  LocalServer engine([&](Exchange& exchange) {
    HttpClient next = shim.client();
    next.trace = &exchange.trace();
    next.request("POST", "/start");
    if (exchange.request().path == "/stream") {
      exchange.begin_stream({.status = 200});
      exchange.write_chunk("x");
      exchange.end_stream();
    } else {
      exchange.respond({.status = 200});
    }
  });
  const std::string target = GENERATE("/plain", "/stream");
  Trace trace("abc-123", "cli");
  HttpClient client = engine.client();
  client.trace = &trace;
  client.open("GET", target)->read_all();
  std::vector<std::string> names;
  for (const TraceStep& step : trace.steps()) names.push_back(step.name);
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"inner", "serve", "serve"});
}

TEST_CASE("without the header there are no steps, and a hostile id is no id", "[trace][attack]") {
  LocalServer server([](Exchange& exchange) {
    exchange.respond({.status = 200, .headers = {}, .body = exchange.trace().id()});
  });
  const std::string head = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
  CHECK_THAT(RawPeer(server).send(head + "\r\n").read_all(), !Contains("X-Slipway-Steps"));
  CHECK_THAT(RawPeer(server).send(head + "X-Slipway-Trace: <a>\r\n\r\n").read_all(),
             !Contains("<a>"));
  CHECK_THAT(RawPeer(server).send(head + "X-Slipway-Trace: a-1\r\n\r\n").read_all(),
             Contains("X-Slipway-Steps: [") && Contains("a-1"));
}

TEST_CASE("the story: in order of time, indented by box, outer steps first", "[trace]") {
  const std::string story = explain_story("slipway run",
                                          {{.box = "engine",
                                            .stage = "02",
                                            .name = "serve",
                                            .call = "POST",
                                            .arguments = "/x",
                                            .result = "ok",
                                            .start_us = 2000,
                                            .duration_us = 500},
                                           {.box = "shim",
                                            .stage = "03",
                                            .name = "rootfs",
                                            .call = "mount",
                                            .arguments = "a\x1b[31m",
                                            .result = "failed",
                                            .start_us = 2100,
                                            .duration_us = 40},
                                           {.box = "cli",
                                            .stage = "01",
                                            .name = "request",
                                            .call = "POST",
                                            .arguments = "/x",
                                            .result = "ok",
                                            .start_us = 1000,
                                            .duration_us = 2000}},
                                          1000, 4000);
  const auto at = [&](const char* text) { return story.find(text); };
  CHECK(at("cli: POST /x") < at("  engine: POST /x"));
  CHECK(at("  engine: POST /x") < at("      shim: mount a [31m → failed   [03 rootfs]"));
  CHECK_THAT(story, Contains("3.00   total") && Contains("cli 1, engine 1, shim 1"));
  CHECK_THAT(story, Contains("0.04"));
}

TEST_CASE("the story shortens ids and tells nothing twice", "[trace]") {
  const std::string id(64, 'a');
  const TraceStep step{.box = "engine",
                       .stage = "02",
                       .name = "x",
                       .call = "POST",
                       .arguments = "/c/" + id + "/start",
                       .result = "ok",
                       .start_us = 5};
  const std::string story = explain_story("t", {step, step}, 0, 10);
  CHECK_THAT(story, Contains("POST /c/aaaaaaaaaaaa/start ") && Contains("engine 1"));
  CHECK(explain_story("t", {{.box = "cli", .call = std::string(65, 'b')}}, 0, 10)
            .find(std::string(65, 'b')) != std::string::npos);
}

TEST_CASE("how a step is done by hand is made only for who wants it, and told under the step",
          "[trace]") {
  int made = 0;
  const auto by_hand = [&] {
    ++made;
    return std::string("hostname web");
  };
  Trace off;
  Trace without("id", "container", /*by_hand=*/false);
  Trace with("id", "container");
  for (Trace* trace : {&off, &without, &with}) {
    auto step = trace->begin("03", "hostname", "sethostname", "web", by_hand);
  }
  CHECK(made == 1);
  CHECK(without.steps()[0].by_hand.empty());
  const auto steps = steps_from_text(steps_to_text(with.steps()));
  REQUIRE(steps.size() == 1);
  CHECK(steps[0].by_hand == "hostname web");
  CHECK_THAT(explain_story("t", steps, 0, 1), !Contains("$ hostname"));
  CHECK_THAT(explain_story("t", steps, 0, 1, ExplainMode::by_hand),
             Contains("container: sethostname web   [03 hostname]\n") &&
                 Contains("        $ hostname web\n"));
  CHECK(steps_from_text(explain_story("t", steps, 0, 1, ExplainMode::json)).size() == 1);
}

TEST_CASE("advice travels beside the message, and is printed below it", "[trace]") {
  LocalServer server([](Exchange&) {
    throw ApiError(400, "step 'x': no", "step 'x' (stage 03) failed\ntry: another");
  });
  try {
    throw_if_error(server.client().request("GET", "/"));
    FAIL("no error");
  } catch (const ApiError& error) {
    CHECK(error.what() == std::string("step 'x': no"));
    CHECK(error_text(error) ==
          "slipway: step 'x': no\n  step 'x' (stage 03) failed\n  try: another\n");
  }
  CHECK(error_text(std::runtime_error("x")) == "slipway: x\n");
}
