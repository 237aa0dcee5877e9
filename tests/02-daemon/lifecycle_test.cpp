/// \file
/// Requests that change a container: rename, restart, kill, prune, top; and starts that fail.

#include <signal.h>

#include <filesystem>

#include "plain_engine.hpp"

using namespace slipway::test;
using namespace std::chrono_literals;
using Catch::Contains;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

json sleeper(const json& more = json::object()) { return shell("exec sleep 1000", more); }

std::string message(const HttpAnswer& answer) { return answer.json().value("message", ""); }

}  // namespace

TEST_CASE("a new name is durable, and the old one is free", "[02][lifecycle]") {
  PlainEngine engine;
  const auto old = random_name("old"), now = random_name("new");
  const std::string id = engine.create(sleeper(), old);
  CHECK(engine.slipway({"rename", old, now}).status == 0);
  CHECK(engine.status(old) == "gone");
  CHECK(engine.inspect(now)["Id"] == id);
  engine.kill_daemons(true, true);
  engine.start();
  CHECK(engine.inspect(id)["Name"] == "/" + now);
  engine.create(sleeper(), old);
}

TEST_CASE("names that cannot be given are refused in docker's words", "[02][lifecycle][attack]") {
  PlainEngine engine;
  const auto name = random_name(), taken = random_name("taken");
  const std::string id = engine.create(sleeper(), name), other = engine.create(sleeper(), taken);
  const auto rename = [&](const std::string& to) {
    return engine.http("POST", "/containers/" + name + "/rename?name=" + to);
  };
  CHECK(rename("").status == 400);
  CHECK(message(rename("")) == "Neither old nor new names may be empty");
  CHECK(message(rename(name)) == "Renaming a container with the same name as its current name");
  CHECK(rename(taken).status == 409);
  CHECK_THAT(message(rename(taken)), Contains(other));
  CHECK(rename("a%20b").status == 400);
  CHECK(engine.inspect(id)["Name"] == "/" + name);
  CHECK(engine.http("POST", "/containers/nosuch/rename?name=x1").status == 404);
}

TEST_CASE("a container that removes itself outlives a restart by hand", "[02][lifecycle]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "exec sleep 1000", {"--rm"});
  const pid_t pid = engine.container_pid(name);
  CHECK(engine.slipway({"restart", "-t", "0", name}).status == 0);
  CHECK(engine.status(name) == "running");
  CHECK(engine.container_pid(name) != pid);
  CHECK(engine.slipway({"stop", "-t", "0", name}).status == 0);
  CHECK(eventually([&] { return engine.status(name) == "gone"; }, 5s));
}

TEST_CASE("SIGKILL is answered when the container is dead", "[02][lifecycle]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "exec sleep 1000");
  CHECK(engine.http("POST", "/containers/" + name + "/kill").status == 204);
  CHECK(engine.status(name) == "exited");
  CHECK(engine.wait(name) == "137\n");
}

TEST_CASE("prune removes what is down and passes the filters", "[02][lifecycle]") {
  PlainEngine engine;
  const auto up = random_name("up"), down = random_name("down"), kept = random_name("kept");
  engine.run(up, "exec sleep 1000");
  const std::string id = engine.create(sleeper(), down);
  engine.create(sleeper({{"Labels", {{"keep", "1"}}}}), kept);
  const auto prune = [&](const std::string& filters) {
    return engine.http("POST", "/containers/prune?filters=" + filters);
  };
  CHECK(prune("%7B%22until%22:%5B%22100h%22%5D%7D").json()["ContainersDeleted"].is_null());
  const json pruned = prune("%7B%22label!%22:%5B%22keep%22%5D%7D").json();
  CHECK(pruned["ContainersDeleted"] == json{id});
  CHECK(pruned["SpaceReclaimed"] > 0);
  CHECK(engine.status(up) == "running");
  CHECK(engine.status(kept) == "created");
  CHECK_THAT(engine.slipway({"container", "prune", "-f"}).out,
             Contains("Deleted Containers:") && Contains("Total reclaimed space:"));
  CHECK(engine.status(kept) == "gone");
  CHECK(prune("%7B%22name%22:%5B%22x%22%5D%7D").status == 400);
  CHECK(prune("%7B%22until%22:%5B%22soon%22%5D%7D").status == 400);
}

TEST_CASE("top shows a container's processes and no others", "[02][lifecycle]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "sleep 1001 & exec sleep 1002");
  const auto top = [&] { return engine.http("GET", "/containers/" + name + "/top").json(); };
  CHECK(eventually([&] { return top()["Processes"].size() == 2; }, 5s));
  const json found = top();
  CHECK(found["Titles"] == json({"UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"}));
  CHECK(found["Processes"][0][1] == std::to_string(engine.container_pid(name)));
  CHECK(found["Processes"][0][7] == "sleep 1002");
  CHECK(found["Processes"][1][7] == "sleep 1001");
  const auto aux = engine.slipway({"top", name, "aux"});
  CHECK_THAT(aux.out, Contains("%CPU") && Contains("sleep 1001"));
  CHECK(engine.slipway({"top", name, "-o", "pid,args"}).status == 0);
  const auto bad = engine.http("GET", "/containers/" + name + "/top?ps_args=-o+nosuch");
  CHECK(bad.status == 400);
  CHECK_THAT(message(bad), Contains("nosuch"));
  ::kill(std::stoi(found["Processes"][1][1].get<std::string>()), SIGKILL);  // nobody else would
}

TEST_CASE("a start that fails is remembered, and so is the run before it", "[02][lifecycle]") {
  PlainEngine engine;
  const auto name = random_name();
  const fs::path program = engine.folder() / "program";
  write_text(program, "#!/bin/sh\nexit 6\n");
  fs::permissions(program, fs::perms::all);
  engine.create({{"Image", "x"}, {"Cmd", {program.string()}}}, name);
  const bool ran_before = GENERATE(true, false);
  if (ran_before) {
    CHECK(engine.slipway({"start", name}).status == 0);
    CHECK(engine.wait(name) == "6\n");
  }
  const json before = engine.inspect(name)["State"];
  fs::remove(program);
  CHECK(engine.http("POST", "/containers/" + name + "/start").status == 400);
  const auto check = [&] {
    const json state = engine.inspect(name)["State"];
    INFO(state.dump(1));
    CHECK(state["Status"] == (ran_before ? "exited" : "created"));
    CHECK(state["ExitCode"] == 127);
    CHECK_THAT(state["Error"].get<std::string>(), Contains("no such file or directory"));
    CHECK(state["StartedAt"] == before["StartedAt"]);
    CHECK(state["FinishedAt"] == before["FinishedAt"]);
  };
  check();
  engine.kill_daemons(true, true);
  engine.start();
  check();
}

TEST_CASE("a removal is finished while the end cannot be recorded: a full disk",
          "[02][lifecycle][attack]") {
  if (!needs("strace")) return;
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "exec sleep 1000");
  const pid_t shim = engine.shim_pid(name);
  RunningCommand strace({"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename", "-e",
                         "inject=rename:error=ENOSPC", "-p", std::to_string(shim)});
  const auto traced = [&] {
    return read_text("/proc/" + std::to_string(shim) + "/status").find("TracerPid:\t0\n") ==
           std::string::npos;
  };
  REQUIRE(eventually(traced, 10s));
  CHECK(engine.http("DELETE", "/containers/" + name + "?force=1").status == 204);
  CHECK(engine.status(name) == "gone");
  CHECK(eventually([&] { return !alive(shim); }, 10s));
  CHECK(fs::is_empty(engine.data_root() / "exits"));
  strace.signal(SIGINT);
  strace.finish();
}
