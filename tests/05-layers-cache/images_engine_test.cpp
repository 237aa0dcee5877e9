// Images through the engine's socket: what the stock docker command and ours see, and what bad
// requests get.

#include <nlohmann/json.hpp>

#include "acceptance/clients.hpp"
#include "image_fixture.hpp"

using namespace slipway;
using namespace slipway::test;
using nlohmann::json;

namespace {

/// An archive in a file, as the clients want it.
std::string file_of(const TempFolder& folder, const std::string& archive) {
  const std::string path = folder.path() / "archive.tar";
  write_text(path, archive);
  return path;
}

}  // namespace

TEST_CASE("load, images, tag and rmi work with both command lines", "[acceptance]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const TempFolder folder;
  DockerArchive archive;
  const std::string name = random_name("app");
  archive.tags = {name + ":v1"};
  archive.layers = {TarWriter().file(name, name).done()};
  const std::string id = Digest::of(config_of(archive.layers).dump()).short_hex();
  const auto loaded = client.run({"load", "-i", file_of(folder, archive.tar())});
  INFO(loaded);
  CHECK(loaded.out == "Loaded image: " + name + ":v1\n");
  CHECK(client.run({"load"}, {.input = archive.tar()}).out == loaded.out);
  const auto listed = client.run({"images", name});
  INFO(listed);
  CHECK_THAT(listed.out,
             Catch::Contains("REPOSITORY") && Catch::Contains(name) && Catch::Contains(id));
  CHECK(line_of(client.run({"images", "-q", name})) == id);
  CHECK(client.run({"tag", name + ":v1", name + "-again"}).status == 0);
  const auto inspected = client.run({"image", "inspect", "-f", "{{json .RepoTags}}", id});
  CHECK(json::parse(inspected.out) == json{name + ":v1", name + "-again:latest"});
  CHECK(line_of(client.run({"inspect", "-f", "{{.Config.Cmd}}", name + ":v1"})) == "[sh]");
  const auto two = client.run({"rmi", id});
  CHECK(two.status == 1);
  CHECK_THAT(two.err, Catch::Contains("image is referenced in multiple repositories"));
  CHECK(line_of(client.run({"rmi", name + "-again"})) == "Untagged: " + name + "-again:latest");
  const auto removed = client.run({"rmi", name + ":v1"});
  CHECK_THAT(removed.out, Catch::Contains("Untagged: " + name + ":v1") &&
                              Catch::Contains("Deleted: sha256:" + id));
  CHECK_THAT(client.run({"rmi", name + ":v1"}).err,
             Catch::Contains("No such image: " + name + ":v1"));
}

TEST_CASE("a container keeps its image: rmi says who needs it", "[acceptance]") {
  if (!needs("docker")) return;
  TestEngine& engine = shared_engine();
  const Client client = each_client(engine);
  const std::string image = random_name("kept");
  const std::string name = random_name("c");
  REQUIRE(client.run({"tag", "busybox", image}).status == 0);
  REQUIRE(client.run({"rmi", image}).status == 0);  // one of two names: free
  const auto created = client.run({"create", "--name", name, "busybox", "sleep", "60"});
  INFO(created);
  const std::string id = line_of(created).substr(0, 12);
  const std::string image_id = line_of(client.run({"images", "-q", "busybox"}));
  const auto by_id = client.run({"rmi", image_id});
  INFO(by_id);
  CHECK(by_id.status == 1);
  CHECK_THAT(by_id.err,
             Catch::Contains("unable to delete " + image_id +
                             " (must be forced) - image is being used by stopped container " + id));
  const auto by_name = client.run({"rmi", "busybox"});
  CHECK_THAT(
      by_name.err,
      Catch::Contains(
          "conflict: unable to remove repository reference \"busybox\" (must force) - container " +
          id + " is using its referenced image " + image_id));
  REQUIRE(client.run({"start", name}).status == 0);
  CHECK_THAT(
      client.run({"rmi", "-f", image_id}).err,
      Catch::Contains("(cannot be forced) - image is being used by running container " + id));
  CHECK(client.run({"rm", "-f", name}).status == 0);
}

TEST_CASE("the layers come together: what a layer hides is gone, what it brings is there",
          "[acceptance]") {
  TestEngine engine;
  DockerArchive archive;
  archive.tags = {"layers:v1"};
  const std::string busybox = read_text("/bin/busybox");
  archive.layers = {TarWriter()
                        .folder("bin")
                        .file("bin/sh", busybox, 0755)
                        .hard_link("bin/cat", "bin/sh")
                        .hard_link("bin/ls", "bin/sh")
                        .file("etc/a", "old")
                        .file("etc/gone", "old")
                        .file("opt/below", "old")
                        .done(),
                    TarWriter()
                        .file("etc/a", "new")
                        .file("etc/.wh.gone", "")
                        .folder("opt")
                        .file("opt/.wh..wh..opq", "")
                        .file("opt/own", "own")
                        .done()};
  const TempFolder folder;
  REQUIRE(engine.slipway({"load", "-q", "-i", file_of(folder, archive.tar())}).status == 0);
  const auto seen = engine.slipway(
      {"run", "--rm", "layers:v1", "sh", "-c", "cat /etc/a; ls /etc/gone /opt; echo > /etc/mine"});
  INFO(seen);
  CHECK_THAT(seen.out,
             Catch::Contains("new") && Catch::Contains("own") && !Catch::Contains("below"));
  CHECK_THAT(seen.err, Catch::Contains("/etc/gone: No such file"));
  CHECK(read_text(engine.data_root() / "layers/sha256" / Digest::of(archive.layers[0]).hex() /
                  "fs/etc/a") == "old");
  const json inspected = json::parse(engine.slipway({"image", "inspect", "layers:v1"}).out)[0];
  CHECK(inspected["RootFS"]["Layers"].size() == 2);
}

TEST_CASE("a forced removal leaves a stopped container able to start", "[acceptance]") {
  TestEngine engine;
  engine.slipway({"create", "--name", "late", "busybox", "echo", "still here"});
  CHECK_THAT(engine.slipway({"rmi", "-f", "busybox"}).out, Catch::Contains("Deleted: "));
  CHECK(engine.slipway({"images", "-q", "busybox"}).out.empty());
  engine.stop();
  engine.start();
  const auto started = engine.slipway({"start", "-a", "late"});
  INFO(started);
  CHECK(started.out == "still here\n");
}

TEST_CASE("bad archives get a 400 that says why, and the engine goes on", "[hostile]") {
  TestEngine engine({.images = false});
  const auto load = [&](const std::string& archive) {
    return engine.http("POST", "/images/load", archive);
  };
  const auto bad = load(TarWriter().file("../x", "x").done());
  INFO(bad);
  CHECK(bad.status == 400);
  CHECK(bad.json()["message"] ==
        "cannot load the image archive: entry \"../x\": the name contains \"..\"");
  DockerArchive hostile;
  hostile.layers = {TarWriter().symbolic_link("l", "../../etc").done()};
  CHECK_THAT(load(hostile.tar()).body,
             Catch::Contains("entry \\\"l\\\"") && Catch::Contains("climbs above the root"));
  // A refusal that comes early in a large body: the answer still arrives.
  CHECK(load(TarWriter().file("../x", "x").done() + std::string(20 << 20, 'x')).status == 400);
  CHECK(engine.http("GET", "/images/json").json().empty());
  CHECK(engine.leftovers().empty());
  const auto good = load(DockerArchive().tar());
  CHECK(good.status == 200);
  CHECK(good.headers.at("content-type") == "application/json");
  CHECK(json::parse(good.body)["stream"] == "Loaded image: app:v1\n");
}

TEST_CASE("requests about images have docker's answers") {
  TestEngine& engine = shared_engine();
  const auto message = [&](const char* method, const std::string& target, int status) {
    const auto answer = engine.http(method, target);
    INFO(method << " " << target << " -> " << answer);
    CHECK(answer.status == status);
    return answer.json().value("message", "");
  };
  CHECK(message("GET", "/images/nosuch/json", 404) == "No such image: nosuch:latest");
  CHECK(message("GET", "/images/a/b/c:v1/json", 404) == "No such image: a/b/c:v1");
  CHECK(message("DELETE", "/images/sha256:..%2f..%2fx", 404).starts_with("No such image"));
  CHECK(message("POST", "/images/nosuch/tag?repo=x", 404) == "No such image: nosuch:latest");
  CHECK(message("POST", "/images/busybox/tag?repo=UPPER%2FX", 400)
            .starts_with("invalid reference format"));
  CHECK(message("POST", "/images/busybox/tag?repo=", 400) == "invalid reference format");
  CHECK(message("POST", "/images/busybox/tag?repo=x&tag=-", 400) == "invalid tag format");
  CHECK(message("POST", "/images/create?fromImage=nosuch&tag=latest", 404)
            .starts_with("pull access denied for nosuch, repository does not exist or may require "
                         "'docker login'"));
  CHECK(message("POST", "/images/create?fromSrc=-", 501).find("not supported") !=
        std::string::npos);
  CHECK(message("GET", "/images/json?filters=%7B%22x%22:%5B%22y%22%5D%7D", 400) ==
        "invalid filter 'x'");
  const json list =
      engine.http("GET", "/v1.50/images/json?filters=%7B%22reference%22:%5B%22busy*%22%5D%7D")
          .json();
  REQUIRE(list.size() == 1);
  CHECK(list[0]["RepoTags"] == json{"busybox:latest"});
  CHECK(list[0]["Containers"] == -1);
  CHECK(list[0]["SharedSize"] == -1);
  CHECK_FALSE(list[0].contains("VirtualSize"));
  CHECK(engine.http("GET", "/v1.41/images/json").json()[0].contains("VirtualSize"));
  CHECK_FALSE(engine.http("GET", "/v1.50/images/busybox/json").json()["Config"].contains("Tty"));
  CHECK(engine.http("GET", "/v1.41/images/busybox/json").json()["Config"].contains("Tty"));
}

TEST_CASE("looking at containers: whose image, how large, on what disk",
          "[05][engine][images][views]") {
  TestEngine engine({.stage = "05"});
  REQUIRE(
      engine
          .slipway({"run", "--name", "wrote", "busybox", "sh", "-c", "head -c 5000 /dev/zero > /x"})
          .status == 0);
  const auto get = [&](const std::string& target) { return engine.http("GET", target).json(); };
  const auto named = [&](const std::string& image) {
    return engine.slipway({"ps", "-aq", "-f", "ancestor=" + image}).out.empty() ? 0 : 1;
  };
  const std::string id = get("/images/busybox/json")["Id"];
  for (const std::string& image :
       {std::string("busybox"), std::string("busybox:latest"), id, id.substr(7, 12)}) {
    CAPTURE(image);
    CHECK(named(image) == 1);
  }
  CHECK(named("nosuch") == 0);
  const json sized = get("/containers/json?all=1&size=1")[0];
  CHECK(sized["SizeRw"] == 5000);
  CHECK(sized["SizeRootFs"] == get("/images/busybox/json")["Size"].get<int>() + 5000);
  const json usage = get("/system/df");
  for (const json& image : usage["Images"]) {
    if (image["Id"] == id) CHECK(image["Containers"] == 1);
  }
  CHECK(usage["LayersSize"] > 1'000'000);
  const json driver = get("/info")["DriverStatus"];
  REQUIRE(driver.is_array());
  CHECK(driver[0][0] == "Backing Filesystem");
}
