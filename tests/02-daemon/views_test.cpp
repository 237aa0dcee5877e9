/// \file
/// Looking: ps with its filters, inspect's full shape, system df, info; from outside.

#include "01-cli-socket/http_message.hpp"
#include "plain_engine.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;
using nlohmann::json;
using Words = std::vector<std::string>;

namespace {

/// An engine with three containers: "one" has ended with 3, "two" runs, "new" was only created.
struct Town {
  PlainEngine engine;
  std::string one = make(
      "one",
      {{"Labels", {{"team", "a"}, {"tier", "x"}}}, {"ExposedPorts", {{"80/tcp", json::object()}}}},
      "exit 3");
  std::string two = make("two", {{"Labels", {{"team", "b"}}}}, "exec sleep 100");
  std::string fresh =
      make("new", {{"Image", "other:v1"}, {"HostConfig", {{"NetworkMode", "none"}}}}, "true");

  Town() {
    for (const std::string& id : {one, two})
      REQUIRE(engine.http("POST", "/containers/" + id + "/start").status == 204);
    engine.wait("one");
  }
  std::string make(const std::string& name, json body, const std::string& script) {
    if (!body.contains("Image")) body["Image"] = "host";
    body["Cmd"] = {"sh", "-c", script};
    return engine.create(body, name);
  }
  HttpAnswer list(const std::string& query) {
    return engine.http("GET", "/containers/json?" + query);
  }
  /// The names that a list has, in its order.
  Words names(const std::string& query) {
    const HttpAnswer answer = list(query);
    INFO(answer);
    REQUIRE(answer.status == 200);
    Words found;
    const json entries = answer.json();
    for (const json& entry : entries)
      found.push_back(entry["Names"][0].get<std::string>().substr(1));
    return found;
  }
  Words filtered(const json& filters) {
    return names("all=1&filters=" + percent_encode(filters.dump()));
  }
};

}  // namespace

TEST_CASE("ps: filters, in both encodings", "[02][engine][views]") {
  Town town;
  const Words all = {"new", "two", "one"};
  CHECK(town.names("") == Words{"two"});
  CHECK(town.names("all=1") == all);
  CHECK(town.names("limit=2") == Words{"new", "two"});
  CHECK(town.names("limit=-1&trunc_cmd=0&size=0&all=0") == Words{"two"});  // compose
  const auto cases = std::vector<std::pair<json, Words>>{
      {{{"status", {"exited", "created"}}}, {"new", "one"}},
      {{{"status", {{"running", true}}}}, {"two"}},
      {{{"exited", {"3"}}}, {"one"}},
      {{{"exited", {"0"}}}, {}},
      {{{"label", {"team"}}}, {"two", "one"}},
      {{{"label", {{"team=a", true}, {"tier", true}}}}, {"one"}},
      {{{"label", {"team=a", "tier=y"}}}, {}},
      {{{"name", {"^/one$"}}}, {"one"}},
      {{{"name", {"o"}}}, {"two", "one"}},
      {{{"name", {"("}}}, {}},
      {{{"id", {town.two.substr(0, 12)}}}, {"two"}},
      {{{"since", {"one"}}}, {"new", "two"}},
      {{{"before", {"new"}}}, {"two", "one"}},
      {{{"since", {"one"}}, {"before", {"new"}}}, {"two"}},
      {{{"ancestor", {"other:v1"}}}, {"new"}},
      {{{"network", {"none"}}}, {"new"}},
      {{{"expose", {"80"}}}, {"one"}},
      {{{"expose", {"79-81/tcp"}}}, {"one"}},
      {{{"expose", {"80/udp"}}}, {}},
      {{{"publish", {"80"}}}, {}},
      {{{"volume", {"/data"}}}, {}},
      {{{"health", {"none"}}}, all},
      {{{"health", {"healthy"}}}, {}},
      {{{"is-task", {"false"}}}, all},
      {{{"is-task", {"true"}}}, {}},
      {{{"isolation", {"anything"}}}, all},
      {json::object(), all}};
  for (const auto& [filters, expected] : cases) {
    CAPTURE(filters.dump());
    CHECK(town.filtered(filters) == expected);
  }
  CHECK(town.names("filters=" + percent_encode(R"({"status":["exited"]})")) == Words{"one"});
}

TEST_CASE("ps: filters that make no sense", "[02][engine][views]") {
  PlainEngine engine;
  const auto refused = [&](const json& filters) {
    const HttpAnswer answer =
        engine.http("GET", "/containers/json?filters=" + percent_encode(filters.dump()));
    return std::to_string(answer.status) + " " + answer.json()["message"].get<std::string>();
  };
  CHECK(refused({{"x", {"y"}}}) == "400 invalid filter 'x'");
  CHECK_THAT(refused({{"status", {"x"}}}), Catch::StartsWith("400 invalid filter 'status=x'"));
  CHECK(refused({{"exited", {"x"}}}) == "400 invalid filter 'exited=x'");
  CHECK(refused({{"health", {"x"}}}) == "400 unrecognized filter value for health: x");
  CHECK(refused({{"is-task", {"x"}}}) == "400 invalid filter 'is-task=[x]'");
  CHECK_THAT(refused({{"publish", {"x"}}}),
             Catch::StartsWith("400 error while looking up for publish x"));
  CHECK_THAT(refused({{"expose", {"90-80"}}}),
             Catch::StartsWith("400 error while looking up for expose"));
  CHECK(refused({{"since", {"x"}}}) == "404 No such container: x");
  CHECK(engine.http("GET", "/containers/json?filters=x").status == 400);
}

TEST_CASE("ps: the command line's formats", "[02][engine][views]") {
  Town town;
  const auto ps = [&](std::vector<std::string> flags) {
    flags.insert(flags.begin(), "ps");
    return town.engine.slipway(std::move(flags)).out;
  };
  CHECK(ps({"-q"}) == town.two.substr(0, 12) + "\n");
  CHECK(ps({"-aq", "--no-trunc"}) == town.fresh + "\n" + town.two + "\n" + town.one + "\n");
  CHECK(ps({"-l", "--format", "{{.Names}} {{.State}}"}) == "new created\n");
  CHECK(ps({"-n", "2", "--format", "{{.Names}}"}) == "new\ntwo\n");
  CHECK(ps({"-a", "--format", "table {{.Names}}\\t{{.Label \"team\"}}"}) ==
        "NAMES     team\nnew\ntwo       b\none       a\n");
  CHECK(ps({"-a", "-f", "name=one", "--format",
            "{{.Names}} {{.Image}} {{.Command}} {{.Labels}} "
            "[{{.Ports}}] {{.LocalVolumes}} {{upper .State}}"}) ==
        "one host \"sh -c 'exit 3'\" team=a,tier=x [] 0 EXITED\n");
  const json row = json::parse(ps({"-a", "-f", "name=new", "--format", "json"}));
  CHECK(row["Networks"] == "none");
  CHECK(row["Mounts"] == "");
  CHECK_FALSE(row.contains("Label"));
  CHECK_THAT(ps({"-s"}), Contains("NAMES     SIZE"));
  CHECK_THAT(town.engine.slipway({"ps", "--format", "{{.Foo}}"}).err, Contains("Foo"));
  CHECK_THAT(ps({"-a", "-f", "status=exited"}), Contains("Exited (3) "));
}

TEST_CASE("inspect has docker's full shape, whatever was asked for at create",
          "[02][engine][views]") {
  PlainEngine engine;
  const std::string id = engine.create({{"Image", "host"}, {"Cmd", "true"}});
  const json view = engine.inspect(id);
  CHECK(view["Path"] == "true");
  CHECK(view["Args"] == json::array());
  CHECK(view["LogPath"] == "");
  CHECK(view["Config"]["Cmd"] == json{"true"});
  CHECK(view["Config"]["Labels"] == json::object());
  CHECK(view["Config"]["Volumes"].is_null());
  CHECK_FALSE(view["Config"].contains("StopSignal"));
  const json& host = view["HostConfig"];
  CHECK(host["RestartPolicy"] == json{{"Name", "no"}, {"MaximumRetryCount", 0}});
  CHECK(host["LogConfig"] == json{{"Type", "json-file"}, {"Config", json::object()}});
  CHECK(host["NetworkMode"] == "default");
  CHECK(host["PidsLimit"].is_null());
  CHECK(host["Runtime"] == "runc");
  CHECK(host["ConsoleSize"] == json{0, 0});
  CHECK(host["Memory"] == 0);
  CHECK(host["Binds"].is_null());
  CHECK_FALSE(host.contains("Tmpfs"));
  CHECK_FALSE(host.contains("KernelMemory"));
  CHECK(view["NetworkSettings"]["SecondaryIPAddresses"].is_null());
  CHECK_FALSE(view.contains("SizeRw"));
  const auto get = [&](const std::string& target) { return engine.http("GET", target).json(); };
  CHECK(get("/v1.41/containers/" + id + "/json")["HostConfig"]["KernelMemory"] == 0);
  CHECK(get("/containers/" + id + "/json?size=1")["SizeRootFs"] == 0);
}

TEST_CASE("inspect: what means unset is shown as unset", "[02][engine][views]") {
  PlainEngine engine;
  const std::string id = engine.create({{"Image", "host"},
                                        {"Cmd", {"true"}},
                                        {"Volumes", json::object()},
                                        {"HostConfig",
                                         {{"PidsLimit", 0},
                                          {"MemorySwappiness", -1},
                                          {"Tmpfs", json::object()},
                                          {"Init", false},
                                          {"RestartPolicy", {{"Name", ""}}},
                                          {"LogConfig", {{"Type", ""}}},
                                          {"NetworkMode", "none"}}}});
  const json view = engine.inspect(id);
  const json& host = view["HostConfig"];
  CHECK(host["PidsLimit"].is_null());
  CHECK(host["MemorySwappiness"].is_null());
  CHECK_FALSE(host.contains("Tmpfs"));
  CHECK(host["Init"] == false);
  CHECK(host["RestartPolicy"]["Name"] == "no");
  CHECK(host["LogConfig"]["Type"] == "json-file");
  CHECK(view["Config"]["Volumes"].is_null());
  CHECK(view["NetworkSettings"]["Networks"]["none"].contains("DNSNames"));
  const json old = engine.http("GET", "/v1.43/containers/" + id + "/json").json();
  CHECK_FALSE(old["NetworkSettings"]["Networks"]["none"].contains("DNSNames"));
}

TEST_CASE("lists know annotations since API 1.46", "[02][engine][views]") {
  PlainEngine engine;
  engine.create(
      {{"Image", "host"}, {"Cmd", {"true"}}, {"HostConfig", {{"Annotations", {{"a", "b"}}}}}});
  const auto annotations = [&](const std::string& version) {
    return engine.http("GET", version + "/containers/json?all=1")
        .json()[0]["HostConfig"]
        .value("Annotations", json());
  };
  CHECK(annotations("/v1.46") == json{{"a", "b"}});
  CHECK(annotations("/v1.45").is_null());
}

TEST_CASE("system df: types and versions", "[02][engine][views]") {
  Town town;
  const auto df = [&](const std::string& target) { return town.engine.http("GET", target); };
  const json all = df("/system/df").json();
  CHECK(all["Containers"].size() == 3);
  CHECK(all["Volumes"] == json::array());
  CHECK(all["BuildCache"] == json::array());
  CHECK_FALSE(all.contains("BuilderSize"));
  const json some = df("/system/df?type=volume&type=image").json();
  CHECK(some["Containers"].is_null());
  CHECK(some["Images"] == json::array());
  CHECK(df("/v1.41/system/df?type=volume").json()["Containers"].size() == 3);
  CHECK(df("/v1.41/system/df").json()["BuilderSize"] == 0);
  CHECK(df("/system/df?type=x").status == 400);
  CHECK(df("/system/df?type=x").json()["message"] == "unknown object type: x");
  const std::string table = town.engine.slipway({"system", "df"}).out;
  CHECK_THAT(table,
             Catch::StartsWith("TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE\n"));
  CHECK_THAT(table, Contains("Containers      3         1         0B        0B"));
  CHECK_THAT(town.engine.slipway({"system", "df", "-v"}).out, Contains("Containers space usage:"));
  CHECK_THAT(town.engine.slipway({"system", "df", "--format", "{{.Type}}={{.TotalCount}}"}).out,
             Contains("Containers=3\n"));
}

TEST_CASE("info: counts, layout, versions", "[02][engine][views]") {
  Town town;
  const json info = town.engine.http("GET", "/info").json();
  CHECK(info["Containers"] == 3);
  CHECK(info["ContainersRunning"] == 1);
  CHECK(info["ContainersStopped"] == 2);
  CHECK(info["NFd"] > 3);
  CHECK(info["Plugins"]["Log"] == json{"json-file", "local"});
  CHECK_FALSE(info.contains("KernelMemory"));
  CHECK(town.engine.http("GET", "/v1.41/info").json()["KernelMemory"] == false);
  const std::string text = town.engine.slipway({"info"}).out;
  CHECK_THAT(text, Contains("Server:\n Containers: 3\n  Running: 1\n  Paused: 0\n  Stopped: 2\n"));
  CHECK_THAT(text, Contains(" Plugins:\n  Log: json-file local\n Swarm: inactive\n"));
  CHECK(town.engine.slipway({"info", "-f", "{{.Containers}} {{json .Plugins.Log}}"}).out ==
        "3 [\"json-file\",\"local\"]\n");
}
