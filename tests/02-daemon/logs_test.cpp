/// \file
/// GET /containers/ID/logs and `slipway logs`, from outside: drivers, options, what goes with a line.

#include "01-cli-socket/http_message.hpp"
#include "02-daemon/base/stdio_mux.hpp"
#include "plain_engine.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;
using nlohmann::json;

namespace {

json with_log(const std::string& driver, const json& options, const std::string& script) {
  return {{"Image", "host"},
          {"Cmd", {"sh", "-c", script}},
          {"HostConfig", {{"LogConfig", {{"Type", driver}, {"Config", options}}}}}};
}

/// Creates it, runs it to its end. \returns its id
std::string run_to_end(PlainEngine& engine, const json& body) {
  const std::string id = engine.create(body);
  REQUIRE(engine.http("POST", "/containers/" + id + "/start").status == 204);
  engine.wait(id);
  return id;
}

}  // namespace

TEST_CASE("log options that make no sense are refused in docker's words, and leave nothing",
          "[02][engine][log]") {
  PlainEngine engine;
  const auto [driver, options, words] = GENERATE(table<std::string, json, std::string>(
      {{"papyrus", {}, R"(error looking up logging plugin papyrus: plugin "papyrus" not found)"},
       {"json-file", {{"x", "y"}}, "unknown log opt 'x' for json-file log driver"},
       {"local", {{"labels", "y"}}, "unknown log opt 'labels' for log driver local"},
       {"", {{"max-size", "10q"}}, "failed to initialize logging driver: invalid size: '10q'"},
       {"", {{"max-size", "-1"}}, "invalid size: '-1'"},
       {"", {{"max-size", "0"}}, "max-size must be a positive number"},
       {"", {{"max-file", "0"}}, "max-file cannot be less than 1"},
       {"", {{"max-file", "many"}}, "HostConfig.LogConfig.Config.max-file"},
       {"", {{"compress", "maybe"}}, "HostConfig.LogConfig.Config.compress"},
       {"", {{"compress", "true"}}, "compress cannot be true when max-file is less than 2"},
       {"", {{"mode", "x"}}, "logger: logging mode not supported: x"},
       {"", {{"max-buffer-size", "1m"}}, "only supported with 'mode=non-blocking'"},
       {"", {{"labels-regex", "("}}, "invalid pattern '('"},
       {"", {{"tag", "{{.Nix"}}, "HostConfig.LogConfig.Config.tag"},
       {"", {{"max-size", 10}}, "max-size"}}));
  const HttpAnswer answer =
      engine.http("POST", "/containers/create", with_log(driver, options, "true").dump());
  INFO(answer);
  CHECK(answer.status == 400);
  CHECK_THAT(answer.json().at("message").get<std::string>(), Contains(words));
  CHECK(engine.http("GET", "/containers/json?all=1").json().empty());
}

TEST_CASE("no log is kept with the driver none, and docker's words say so", "[02][engine][log]") {
  PlainEngine engine;
  const std::string id = run_to_end(engine, with_log("none", {}, "echo unheard"));
  const HttpAnswer answer = engine.http("GET", "/containers/" + id + "/logs?stdout=1");
  CHECK(answer.status == 501);
  CHECK(answer.json()["message"] == "configured logging driver does not support reading");
  const CommandResult shown = engine.slipway({"logs", id});
  CHECK(shown.status == 1);
  CHECK_THAT(shown.err, Contains("configured logging driver does not support reading"));
  CHECK(engine.inspect(id)["LogPath"] == "");
}

TEST_CASE("drivers with limits keep the newest lines", "[02][engine][log]") {
  PlainEngine engine;
  const std::string script = "i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo $i; done";
  const std::string rotated =
      run_to_end(engine, with_log("json-file", {{"max-size", "2k"}, {"max-file", "3"}}, script));
  const std::string path = engine.inspect(rotated)["LogPath"];
  CHECK(std::filesystem::exists(path + ".2"));
  CHECK_FALSE(std::filesystem::exists(path + ".3"));
  const std::string text = engine.logs(rotated);
  CHECK(text.ends_with("\n499\n500\n"));
  CHECK(std::stoi(text) > 400);
  CHECK(engine.slipway({"logs", "-n", "30", rotated}).out.starts_with("471\n"));

  const std::string local = run_to_end(engine, with_log("local", {}, script));
  CHECK(engine.logs(local).starts_with("1\n2\n"));
  CHECK(engine.inspect(local)["HostConfig"]["LogConfig"]["Type"] == "local");
}

TEST_CASE("--details: labels, environment and tag that the options name", "[02][engine][log]") {
  PlainEngine engine;
  json body =
      with_log("json-file", {{"labels", "a,absent"}, {"env-regex", "^E"}, {"tag", "{{.Name}}"}},
               "echo one; printf two");
  body["Labels"] = {{"a", "x y"}, {"b", "unseen"}};
  body["Env"] = {"E=1", "F=2"};
  const std::string id = engine.create(body, "tagged");
  REQUIRE(engine.http("POST", "/containers/" + id + "/start").status == 204);
  engine.wait(id);
  CHECK(engine.slipway({"logs", "--details", id}).out ==
        "E=1,a=x+y,tag=tagged one\nE=1,a=x+y,tag=tagged two");
  const std::string stamped = engine.slipway({"logs", "--details", "-t", id}).out;
  CHECK(stamped.substr(19, 1) == ".");
  CHECK_THAT(stamped, Contains("Z E=1,a=x+y,tag=tagged one\n"));
}

TEST_CASE("a long line comes back as one, with one timestamp", "[02][engine][log]") {
  PlainEngine engine;
  const std::string id =
      run_to_end(engine, with_log("", {}, "head -c 50000 /dev/zero | tr '\\0' x; echo; echo end"));
  const std::string text = engine.slipway({"logs", "-t", id}).out;
  CHECK(text.size() == 50'001 + 4 + 2 * 31);
  CHECK(std::count(text.begin(), text.end(), 'Z') == 2);
  CHECK(engine.slipway({"logs", "-n", "2", id}).out.size() == 50'005);
}

TEST_CASE("since and until choose lines by their time", "[02][engine][log]") {
  PlainEngine engine;
  const std::string id = run_to_end(engine, with_log("", {}, "echo one; sleep 0.3; echo two"));
  const std::string stamped = engine.slipway({"logs", "-t", id}).out;
  const std::string second = stamped.substr(stamped.find('\n') + 1, 30);
  const auto logs = [&](const std::string& flag, const std::string& moment) {
    return engine.slipway({"logs", flag, moment, id}).out;
  };
  CHECK(logs("--since", second) == "two\n");
  CHECK(logs("--until", stamped.substr(0, 30)) == "one\n");
  CHECK(logs("--since", "1h") == "one\ntwo\n");
  CHECK(logs("--until", "1h").empty());
  CHECK(logs("--since", "0") == "one\ntwo\n");
}

TEST_CASE("a terminal's log has no frames", "[02][engine][log]") {
  PlainEngine engine;
  json body = with_log("", {}, "echo one");
  const std::string framed = run_to_end(engine, body);
  const auto get = [&](const std::string& version, const std::string& id) {
    return engine.http("GET", version + "/containers/" + id + "/logs?stdout=1");
  };
  CHECK(get("/v1.42", framed).headers["content-type"] ==
        "application/vnd.docker.multiplexed-stream");
  CHECK_FALSE(get("/v1.41", framed).headers.contains("content-type"));
  CHECK(get("/v1.41", framed).body == encode_frame(StdioStream::out, "one\n"));
}

TEST_CASE("following ends with the run, also if another follows at once", "[02][engine][log]") {
  PlainEngine engine;
  engine.run("twice", "echo begun; exec sleep 100");
  RunningCommand follow(engine.slipway_line({"logs", "-f", "twice"}));
  REQUIRE(follow.wait_for_output("begun\n"));
  REQUIRE(engine.http("POST", "/containers/twice/restart?t=0").status == 204);
  CHECK(follow.finish().status == 0);
  CHECK(engine.status("twice") == "running");
}
