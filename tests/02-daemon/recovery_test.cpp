/// \file
/// Each box may die: what kill -9 and damaged files leave, and what the next start makes of it
/// (02-I2 to 02-I7).

#include <signal.h>

#include <filesystem>
#include <functional>

#include "02-daemon/base/atomic_file.hpp"
#include "plain_engine.hpp"

using namespace slipway::test;
using namespace std::chrono_literals;
using Catch::Contains;
using nlohmann::json;
namespace fs = std::filesystem;

TEST_CASE(
    "engine and supervisor are killed while a container runs: its exit code and its log are "
    "there afterwards (02-I2, 02-I5)",
    "[02][engine][recovery]") {
  const bool ends_before_the_restart = GENERATE(true, false);
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "sleep 1; echo done; exit 5");
  const pid_t pid = engine.container_pid(name);
  engine.kill_daemons(true, true);
  CHECK(alive(pid));
  if (ends_before_the_restart) CHECK(eventually([&] { return !alive(pid); }, 10s));
  engine.start();
  CHECK(engine.wait(name) == "5\n");
  CHECK(engine.logs(name) == "done\n");
  const json state = engine.inspect(name)["State"];
  INFO(state.dump(1));
  CHECK(state["Status"] == "exited");
  CHECK(state["StartedAt"] < state["FinishedAt"]);
}

TEST_CASE("a restarted engine goes on with a running container as if nothing had been",
          "[02][engine][recovery]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
  const json before = engine.inspect(name);
  engine.kill_daemons(true, GENERATE(true, false));
  engine.start();
  CHECK(engine.inspect(name) == before);
  CHECK(engine.slipway({"rm", name}).status != 0);  // it runs
  CHECK(engine.slipway({"stop", name}).status == 0);
  CHECK(engine.wait(name) == "3\n");
  CHECK(engine.logs(name) == "ready\nbye\n");
  CHECK(engine.slipway({"start", name}).status == 0);  // a second run of the same container
  CHECK(engine.status(name) == "running");
  CHECK(engine.inspect(name)["State"]["StartedAt"] > before["State"]["StartedAt"]);
}

TEST_CASE("created containers, labels and names survive; nothing starts by itself",
          "[02][engine][recovery]") {
  PlainEngine engine;
  const auto name = random_name();
  const std::string id =
      engine.create({{"Image", "x"}, {"Cmd", {"true"}}, {"Labels", {{"a", "b"}}}}, name);
  engine.kill_daemons(true, true);
  engine.start();
  CHECK(engine.status(id) == "created");
  CHECK(engine.inspect(name)["Config"]["Labels"]["a"] == "b");
  const auto again =
      engine.http("POST", "/containers/create?name=" + name, R"({"Image":"x","Cmd":["true"]})");
  INFO(again);
  CHECK(again.status == 409);
  CHECK_THAT(again.body, Contains(id));
}

TEST_CASE("the supervisor is killed alone: the engine goes on with another one (02-I4)",
          "[02][engine][recovery]") {
  PlainEngine engine;
  const auto before = random_name("before"), after = random_name("after");
  engine.run(before, "sleep 0.5; exit 4");
  const auto first = engine.supervisor_pid();
  engine.kill_supervisor();
  engine.run(after, "exit 6");
  CHECK(engine.wait(before) == "4\n");
  CHECK(engine.wait(after) == "6\n");
  CHECK(engine.supervisor_pid() != first);
}

TEST_CASE("an end that nobody watched is heard of: killed supervisor, waiting client",
          "[02][engine][recovery]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "sleep 0.3; exit 9");
  RunningCommand waiting(engine.slipway_line({"wait", name}));
  sleep_for(100ms);
  engine.kill_supervisor();
  CHECK(waiting.finish().out == "9\n");
}

TEST_CASE("a killed shim takes its container down: code 137, with the reason; others go on",
          "[02][engine][recovery][attack]") {
  const bool daemons_too = GENERATE(false, true);
  PlainEngine engine;
  const auto name = random_name(), other = random_name("other");
  engine.run(name, "exec sleep 100");
  engine.run(other, "exec sleep 100");
  const pid_t pid = engine.container_pid(name);
  const pid_t shim = engine.shim_pid(name);
  if (daemons_too) engine.kill_daemons(true, true);
  REQUIRE(::kill(shim, SIGKILL) == 0);
  CHECK(eventually([&] { return !alive(pid); }, 5s));
  if (daemons_too) engine.start();
  CHECK(engine.wait(name) == "137\n");
  CHECK(engine.inspect(name)["State"]["Error"] == "the container's shim was killed");
  CHECK(engine.status(other) == "running");
  CHECK(engine.slipway({"start", name}).status == 0);
  CHECK(engine.status(name) == "running");
}

TEST_CASE("--rm is kept over a restart, whenever the container ends", "[02][engine][recovery]") {
  const bool ends_before_the_restart = GENERATE(true, false);
  PlainEngine engine;
  const auto name = random_name();
  const fs::path word = engine.folder() / "end";
  engine.run(name, "until [ -e " + word.string() + " ]; do sleep 0.05; done; exit 5", {"--rm"});
  const std::string id = engine.inspect(name)["Id"];
  const pid_t pid = engine.container_pid(name);
  engine.kill_daemons(true, true);
  if (ends_before_the_restart) {
    write_text(word, "");
    CHECK(eventually([&] { return !alive(pid); }, 10s));
  }
  engine.start();
  write_text(word, "");
  CHECK(eventually([&] { return engine.status(name) == "gone"; }, 10s));
  for (const fs::path& place :
       {engine.data_root() / "containers" / id, engine.exec_root() / "tasks" / id,
        engine.data_root() / "exits" / (id + ".json")}) {
    INFO(place);
    CHECK(eventually([&] { return !fs::exists(place); }, 5s));
  }
}

TEST_CASE("a host that stopped ends what ran: code 255 and why", "[02][engine][recovery]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "exec sleep 100");
  const pid_t shim = engine.shim_pid(name);
  engine.kill_daemons(true, true);
  ::kill(shim, SIGKILL);
  slipway::remove_tree(engine.exec_root() / "tasks");  // /run is empty after a boot
  engine.start();
  CHECK(engine.wait(name) == "255\n");
  CHECK(engine.inspect(name)["State"]["Error"] == "the host stopped");
}

TEST_CASE(
    "a record that cannot be read is listed with the reason and left alone, its process runs on, "
    "others work",
    "[02][engine][recovery][attack]") {
  const bool newer = GENERATE(true, false);
  PlainEngine engine;
  const auto bad = random_name("bad"), good = random_name("good");
  engine.run(bad, "trap 'exit 8' TERM; echo ready; while :; do sleep 0.05; done");
  engine.run(good, "exit 2");
  CHECK(engine.wait(good) == "2\n");
  const std::string id = engine.inspect(bad)["Id"];
  const pid_t pid = engine.container_pid(bad);
  engine.kill_daemons(true, GENERATE(true, false));
  const fs::path file = engine.data_root() / "containers" / id / "record.json";
  const std::string whole = read_text(file);
  json changed = json::parse(whole);
  changed["Schema"] = 99;
  write_text(file, newer ? changed.dump() : whole.substr(0, whole.size() / 2));

  engine.start();
  CHECK_THAT(engine.log(), Contains(id) && Contains("its record cannot be read") &&
                               Contains(newer ? "written by a newer version" : "record.json"));
  const json listed = engine.inspect(id)["State"];
  CHECK(listed["Status"] == "dead");
  CHECK_THAT(listed["Error"].get<std::string>(), Contains("record cannot be read"));
  CHECK_THAT(engine.slipway({"ps", "-a"}).out, Contains("Dead: ") && Contains(good));
  CHECK(engine.slipway({"start", id}).status != 0);
  CHECK(engine.slipway({"rm", id}).status != 0);  // its process runs
  CHECK(engine.wait(good) == "2\n");
  engine.run(random_name("new"), "exit 0");
  CHECK(alive(pid));

  engine.kill_engine();
  write_text(file, whole);  // somebody mended it
  engine.start();
  CHECK(engine.status(bad) == "running");
  CHECK(engine.slipway({"stop", bad}).status == 0);
  CHECK(engine.wait(bad) == "8\n");
}

TEST_CASE("two records of one name: one is taken, the other named, and the engine starts",
          "[02][engine][recovery][attack]") {
  PlainEngine engine;
  const auto name = random_name();
  const std::string id = engine.create({{"Image", "x"}, {"Cmd", {"true"}}}, name);
  engine.kill_engine();
  const std::string twin = std::string(64, 'a');
  const fs::path folder = engine.data_root() / "containers";
  json record = json::parse(read_text(folder / id / "record.json"));
  record["Id"] = twin;
  fs::create_directory(folder / twin);
  write_text(folder / twin / "record.json", record.dump());
  engine.start();
  CHECK(engine.status(name) == "created");
  CHECK_THAT(engine.log(), Contains("already in use"));
  engine.kill_engine();
  slipway::remove_tree(folder / twin);
  engine.start();
}

TEST_CASE("a damaged ledger entry is named, and the others are read",
          "[02][engine][recovery][attack]") {
  PlainEngine engine;
  const auto bad = random_name("bad"), good = random_name("good");
  engine.run(bad, "exit 1");
  engine.run(good, "exit 2");
  CHECK(engine.wait(bad) == "1\n");
  CHECK(engine.wait(good) == "2\n");
  const std::string id = engine.inspect(bad)["Id"];
  engine.kill_daemons(true, true);
  write_text(engine.data_root() / "exits" / (id + ".json"), "{\"Id\":");
  engine.start();
  CHECK(engine.wait(good) == "2\n");
  CHECK(engine.status(bad) == "created");  // of its end we know nothing any more
  CHECK_THAT(read_text(engine.exec_root() / "supervisor.log"), Contains(id));
  CHECK(engine.slipway({"start", bad}).status == 0);
  CHECK(engine.wait(bad) == "1\n");
}

TEST_CASE("ends that come while garbage lands in the ledger are heard of",
          "[02][engine][recovery][attack]") {
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "sleep 0.3; exit 3");
  for (int i = 0; i < 20; ++i) {
    const fs::path garbage = engine.data_root() / "exits" / ("garbage-" + std::to_string(i));
    write_text(garbage, "{");
    fs::rename(garbage, garbage.string() + ".json");
  }
  CHECK(engine.wait(name) == "3\n");
  for (int i = 0; i < 20; ++i) {
    fs::remove(engine.data_root() / "exits" / ("garbage-" + std::to_string(i) + ".json"));
  }
}

namespace {

/// Runs `action` while `pid` is killed (-9) as it enters the `number`th of these system calls.
/// \returns true if it came to that
bool kill_at(pid_t pid, const std::string& calls, int number, const std::function<void()>& action) {
  const std::string rule = calls + ":signal=SIGKILL:when=" + std::to_string(number);
  RunningCommand strace({"strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + calls, "-e",
                         "inject=" + rule, "-p", std::to_string(pid)});
  const auto traced = [&] {
    const std::string status = read_text("/proc/" + std::to_string(pid) + "/status");
    return status.find("TracerPid:\t" + std::to_string(strace.pid()) + "\n") != std::string::npos;
  };
  REQUIRE(eventually(traced, 10s));
  sleep_for(50ms);  // all threads of it
  action();
  const bool died = eventually([&] { return !alive(pid); }, 300ms);  // it takes a moment to die
  if (!died) strace.signal(SIGINT);
  strace.finish();
  return died;
}

/// Calls `round(at)` for at = 1, 1 + step, …: it kills a box at its call number `at`, sees what is left, and says whether it
/// came to that. Ends with the first round in which the box outlived the request.
void kill_at_each_call(int step, const std::function<bool(int at)>& round) {
  int rounds = 0;
  bool died = true;
  for (int at = 1; died && rounds < 40; at += step, ++rounds) died = round(at);
  CHECK(rounds > 3);
  CHECK_FALSE(died);
}

constexpr char kDiskCalls[] = "openat,fsync,rename,unlink,unlinkat";

}  // namespace

TEST_CASE("an engine killed anywhere in a removal: the container is whole or wholly gone (02-I1)",
          "[02][engine][recovery][attack]") {
  if (!needs("strace")) return;
  PlainEngine engine;
  kill_at_each_call(1, [&](int at) {
    const auto name = random_name();
    engine.run(name, "echo line; exit 3");
    CHECK(engine.wait(name) == "3\n");
    const bool died = kill_at(engine.pid(), kDiskCalls, at,
                              [&] { engine.http("DELETE", "/containers/" + name); });
    if (died) engine.kill_engine();  // reaps it
    if (died) engine.start();
    CAPTURE(at, died);
    if (engine.status(name) == "gone") return died;
    CHECK(engine.wait(name) == "3\n");
    CHECK(engine.logs(name) == "line\n");
    CHECK(engine.slipway({"rm", name}).status == 0);
    return died;
  });
  CHECK(fs::is_empty(engine.data_root() / "containers"));
  CHECK(fs::is_empty(engine.data_root() / "exits"));
  CHECK(fs::is_empty(engine.exec_root() / "tasks"));
}

TEST_CASE("a supervisor (or its shim) killed anywhere in a start: it runs, or it never ran",
          "[02][engine][recovery][attack]") {
  if (!needs("strace")) return;
  PlainEngine engine;
  kill_at_each_call(2, [&](int at) {
    const auto name = random_name();
    engine.create({{"Image", "x"}, {"Cmd", {"sh", "-c", "echo line; exit 3"}}}, name);
    HttpAnswer answer;
    REQUIRE(eventually([&] { return engine.supervisor_pid().has_value(); }, 10s));
    const bool died =
        kill_at(*engine.supervisor_pid(), std::string(kDiskCalls) + ",clone3,vfork,sendto", at,
                [&] { answer = engine.http("POST", "/containers/" + name + "/start"); });
    CAPTURE(at, died, answer.status, answer.body);
    if (answer.status != 204) {
      CHECK(engine.status(name) != "running");
    } else if (engine.wait(name) ==
               "137\n") {  // strace -f follows into the shim, and counts there too
      CHECK(engine.inspect(name)["State"]["Error"] == "the container's shim was killed");
    } else {
      CHECK(engine.wait(name) == "3\n");
      CHECK(engine.logs(name) == "line\n");
    }
    const auto removed = engine.slipway({"rm", name});
    INFO(removed);
    CHECK(removed.status == 0);
    return died;
  });
  engine.kill_supervisor();  // the next one sweeps up what the others left half written
  CHECK(eventually([&] { return fs::is_empty(engine.data_root() / "exits"); }, 5s));
}

TEST_CASE("an engine killed anywhere in a start: it runs, or it can be started",
          "[02][engine][recovery][attack]") {
  if (!needs("strace")) return;
  PlainEngine engine;
  kill_at_each_call(1, [&](int at) {
    const auto name = random_name();
    engine.create({{"Image", "x"}, {"Cmd", {"sh", "-c", "echo line; exit 3"}}}, name);
    const bool died = kill_at(engine.pid(), "sendto,recvfrom,connect,socket", at,
                              [&] { engine.http("POST", "/containers/" + name + "/start"); });
    if (died) engine.kill_engine();
    if (died) engine.start();
    CAPTURE(at, died);
    const auto state = [&] { return engine.status(name); };
    CHECK(eventually([&] { return state() == "exited" || state() == "created"; }, 10s));
    if (state() == "created") CHECK(engine.slipway({"start", name}).status == 0);
    CHECK(engine.wait(name) == "3\n");
    CHECK(engine.logs(name) == "line\n");
    CHECK(engine.slipway({"rm", name}).status == 0);
    return died;
  });
}

TEST_CASE("a ledger that cannot be written for a while loses no exit code",
          "[02][engine][recovery][attack]") {
  if (!needs("strace")) return;
  PlainEngine engine;
  const auto name = random_name();
  engine.run(name, "sleep 0.5; exit 11");
  RunningCommand strace({"strace", "-f", "-o", "/dev/null", "-e", "trace=rename", "-e",
                         "inject=rename:error=ENOSPC:when=1..2", "-p",
                         std::to_string(engine.shim_pid(name))});
  REQUIRE(strace.wait_for_output("attached"));
  CHECK(engine.wait(name) == "11\n");
  CHECK_THAT(read_text(engine.exec_root() / "supervisor.log"), Contains("No space left on device"));
}

TEST_CASE("a disk that fails a sync: create is refused, nothing of it is there, the next one works",
          "[02][engine][recovery][attack]") {
  if (!needs("strace")) return;
  PlainEngine engine;
  const auto name = random_name();
  RunningCommand strace({"strace", "-f", "-o", "/dev/null", "-e", "trace=fsync", "-e",
                         "inject=fsync:error=EIO:when=1", "-p", std::to_string(engine.pid())});
  REQUIRE(strace.wait_for_output("attached"));
  const auto failed =
      engine.http("POST", "/containers/create?name=" + name, R"({"Image":"x","Cmd":["true"]})");
  INFO(failed);
  CHECK(failed.status == 500);
  CHECK_THAT(failed.body, Contains("fsync") && Contains("Input/output error"));
  strace.signal(SIGINT);
  strace.finish();
  CHECK(engine.status(name) == "gone");
  CHECK(fs::is_empty(engine.data_root() / "containers"));
  engine.create({{"Image", "x"}, {"Cmd", {"true"}}}, name);
}
