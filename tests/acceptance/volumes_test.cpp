// Volumes and mounts under both command lines.

#include <filesystem>

#include <nlohmann/json.hpp>

#include "clients.hpp"

using namespace slipway::test;
using Catch::Contains;
using nlohmann::json;

TEST_CASE("data in a volume outlives its container", "[acceptance][volumes]") {
  if (!needs("docker")) return;
  TestEngine& engine = shared_engine();
  const Client client = each_client(engine);
  const std::string volume = random_name("vol");
  const std::string name = random_name("writer");
  CHECK(line_of(client.run({"volume", "create", "--label", "a=b", volume})) == volume);
  const auto listed = client.run({"volume", "ls", "--filter", "name=" + volume});
  CHECK(listed.out == "DRIVER    VOLUME NAME\nlocal     " + volume + "\n");
  const auto written = client.run({"run", "--name", name, "--network", "none", "-v",
                                   volume + ":/data", "busybox", "sh", "-c", "echo row > /data/t"});
  INFO(written);
  REQUIRE(written.status == 0);
  const auto used = client.run({"volume", "rm", volume});
  CHECK(used.status == 1);
  CHECK_THAT(used.err, Contains("remove " + volume + ": volume is in use - ["));
  const auto lent = client.run({"run", "--rm", "--network", "none", "--volumes-from", name + ":ro",
                                "busybox", "sh", "-c", "cat /data/t; touch /data/x || echo no"});
  INFO(lent);
  CHECK(lent.out == "row\nno\n");
  CHECK(client.run({"rm", name}).status == 0);
  const auto read = client.run({"run", "--rm", "--network", "none", "-v", volume + ":/d:ro",
                                "busybox", "sh", "-c", "cat /d/t; touch /d/x || echo refused"});
  INFO(read);
  CHECK(read.out == "row\nrefused\n");
  CHECK(line_of(client.run({"volume", "inspect", "-f", "{{index .Labels \"a\"}}", volume})) == "b");
  CHECK(line_of(client.run({"volume", "rm", volume})) == volume);
  CHECK_THAT(client.run({"volume", "inspect", volume}).err, Contains("no such volume"));
}

TEST_CASE("an anonymous volume goes with rm -v and --rm, and stays otherwise",
          "[acceptance][volumes]") {
  if (!needs("docker")) return;
  TestEngine engine;
  const Client client = each_client(engine);
  const auto volumes = [&] { return line_of(client.run({"volume", "ls", "-q"})); };
  CHECK(client.run({"run", "--rm", "--network", "none", "-v", "/data", "busybox", "true"}).status ==
        0);
  CHECK(volumes().empty());
  CHECK(client.run({"create", "--name", "c1", "-v", "/data", "busybox", "true"}).status == 0);
  CHECK(volumes().size() == 64);
  CHECK(client.run({"rm", "-v", "c1"}).status == 0);
  CHECK(volumes().empty());
  CHECK(client.run({"create", "--name", "c1", "-v", "/data", "busybox", "true"}).status == 0);
  CHECK(client.run({"rm", "c1"}).status == 0);
  CHECK(volumes().size() == 64);
  CHECK_THAT(client.run({"volume", "prune", "-f"}).out,
             Contains("Deleted Volumes:\n") && Contains("Total reclaimed space: 0B"));
  CHECK(volumes().empty());
}

TEST_CASE("a source that is not there: -v makes it and says so, --mount refuses",
          "[acceptance][volumes]") {
  if (!needs("docker")) return;
  TestEngine& engine = shared_engine();
  const Client client = each_client(engine);
  const TempFolder folder;
  const std::string missing = folder.path() / "missing";
  const auto refused =
      client.run({"run", "--rm", "--mount", "type=bind,src=" + missing + ",dst=/d", "busybox"});
  CHECK(refused.status == 125);
  CHECK_THAT(refused.err, Contains("bind source path does not exist: " + missing));
  const auto made = client.run({"run", "--rm", "--network", "none", "-v", missing + ":/d",
                                "busybox", "sh", "-c", "echo here > /d/f"});
  INFO(made);
  CHECK_THAT(made.err, Contains("bind source path " + missing + " does not exist"));
  CHECK(std::filesystem::exists(missing + "/f"));
}

TEST_CASE("bad mounts get docker's words before anything is made", "[acceptance][volumes]") {
  if (!needs("docker")) return;
  TestEngine engine;
  const auto answer = [&](const json& host_config) {
    return engine
        .http("POST", "/containers/create",
              json{{"Image", "busybox"}, {"HostConfig", host_config}}.dump())
        .body;
  };
  CHECK_THAT(answer({{"Binds", {"ok1:/a", "a/b:/c"}}}),
             Contains("includes invalid characters for a local volume name"));
  CHECK_THAT(answer({{"Binds", {"ok1:/a", "ok2:/a"}}}), Contains("Duplicate mount point: /a"));
  CHECK_THAT(answer({{"Binds", {"ok1:/.."}}}), Contains("destination can't be '/'"));
  CHECK_THAT(answer({{"Mounts", {{{"Type", "odd"}, {"Target", "/a"}}}}}),
             Contains("mount type unknown"));
  CHECK(engine.http("GET", "/volumes").json().at("Volumes").empty());
}
