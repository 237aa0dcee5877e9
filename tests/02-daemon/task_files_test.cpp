/// \file
/// What the boxes leave each other on disk: written, read back, and damaged.

#include <filesystem>
#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "02-daemon/engine/container_store.hpp"
#include "02-daemon/task/task_files.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

ContainerRecord record(const std::string& id, const std::string& name) {
  ContainerRecord made;
  made.id = id;
  made.name = name;
  made.created = "2025-01-01T00:00:00.000000000Z";
  made.config = {{"Image", "x"}, {"Cmd", {"true"}}};
  made.sections = {{"images", {{"Id", "sha256:1"}}}};
  return made;
}

/// Loads the store anew. \returns names of the good, and "ID: why" of the broken
std::pair<std::vector<std::string>, std::vector<std::string>> load(const fs::path& folder) {
  const StoredContainers found = ContainerStore(folder).load();
  std::vector<std::string> names, problems;
  for (const auto& one : found.records) names.push_back(one.name);
  for (const auto& one : found.broken) problems.push_back(one.id + ": " + one.reason);
  return {names, problems};
}

}  // namespace

TEST_CASE("a task's settings come back as they were written", "[02][store]") {
  const TaskSettings settings{.id = "id1",
                              .ledger = "/ledger",
                              .started_at = "2025-01-01T00:00:00Z",
                              .durable = false,
                              .stdio = {.terminal = true,
                                        .open_stdin = true,
                                        .stdin_once = true,
                                        .log_driver = "none",
                                        .log_path = "/log"}};
  const json written = to_json(settings);
  CHECK(to_json(task_settings_from_json(written)) == written);
  CHECK(settings.durability() == Durability::volatile_);
  CHECK(task_settings_from_json(json::object()).durable);  // what is not said is the careful choice
}

TEST_CASE("an exit record comes back as it was written, and announces itself by a rename",
          "[02][store]") {
  TempFolder folder;
  const std::string ledger = folder.path();
  CHECK_FALSE(read_exit_record(ledger, "id1"));
  const ExitRecord written{.id = "id1",
                           .started_at = "2025-01-01T00:00:00Z",
                           .finished_at = "2025-01-01T00:00:01Z",
                           .exit_code = 137,
                           .oom_kills = 2,
                           .reason = "r",
                           .error = "the container's shim was killed"};
  CHECK(written.finished());
  write_exit_record(ledger, written, Durability::durable);
  const auto read = read_exit_record(ledger, "id1");
  REQUIRE(read);
  CHECK(to_json(*read) == to_json(written));
  CHECK_FALSE(ExitRecord{.id = "id1"}.finished());
}

TEST_CASE("a damaged exit record is an error that names the file or the field",
          "[02][store][attack]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {"", "id1.json"},
      {"{\"Id\":\"id1\",", "id1.json"},
      {"[]", "expected an object"},
      {R"({"ExitCode":"five"})", "ExitCode"},
      {R"({"FinishedAt":5})", "FinishedAt"},
  }));
  TempFolder folder;
  write_text(folder.path() / "id1.json", text);
  CHECK_THROWS_WITH(read_exit_record(folder.path(), "id1"), Contains(message));
}

TEST_CASE("a failed start has docker's exit codes", "[02]") {
  CHECK(exit_code_of_failed_start("exec: \"x\": executable file not found in $PATH") == 127);
  CHECK(exit_code_of_failed_start("exec: \"/x\": stat /x: no such file or directory") == 127);
  CHECK(exit_code_of_failed_start("exec: \"/x\": permission denied") == 126);
  CHECK(exit_code_of_failed_start("the moon is in the way") == 128);
}

TEST_CASE("records of containers are saved, loaded and removed", "[02][store]") {
  TempFolder folder;
  ContainerStore store(folder.path());
  store.save(record("id1", "one"), Durability::durable);
  store.save(record("id2", "two"), Durability::volatile_);
  const StoredContainers found = store.load();
  CHECK(found.broken.empty());
  auto records = found.records;
  REQUIRE(records.size() == 2);
  std::sort(records.begin(), records.end(), [](auto& a, auto& b) { return a.id < b.id; });
  CHECK(records[0].name == "one");
  CHECK(records[0].config == record("", "").config);
  CHECK(records[0].sections == record("", "").sections);
  store.remove("id1");
  CHECK_FALSE(fs::exists(folder.path() / "id1"));
  store.remove("id1");  // again: a removal that was cut short is repeated
  store.remove("id2");
  CHECK(fs::is_empty(folder.path()));
}

TEST_CASE("a record that cannot be saved leaves nothing", "[02][store]") {
  TempFolder folder;
  ContainerStore store(folder.path());
  fs::create_directories(folder.path() / "id1/record.json");
  CHECK_THROWS(store.save(record("id1", "one"), Durability::durable));
  CHECK_FALSE(fs::exists(folder.path() / "id1"));
}

TEST_CASE("a removal that was begun is a container no more, and is gone on with (02-I8)",
          "[02][store]") {
  const bool volumes = GENERATE(true, false);
  const auto durability = GENERATE(Durability::durable, Durability::volatile_);
  TempFolder folder;
  ContainerStore store(folder.path());
  store.save(record("id1", "one"), durability);
  store.begin_removal("id1", volumes, durability);
  store.begin_removal("id1", volumes, durability);
  const StoredContainers found = store.load();
  CHECK(found.records.empty());
  REQUIRE(found.removals.size() == 1);
  CHECK(found.removals[0].record.name == "one");
  CHECK(found.removals[0].volumes == volumes);
  store.remove("id1");
  CHECK(store.load().removals.empty());
}

TEST_CASE("a --rm record that a power cut emptied is gone; one that can be read is kept",
          "[02][store][attack]") {
  TempFolder folder;
  ContainerStore store(folder.path());
  store.save(record("id1", "one"), Durability::volatile_);
  store.save(record("id2", "two"), Durability::volatile_);
  const std::string lost = GENERATE(as<std::string>(), "", std::string(200, '\0'));
  for (const auto& file : fs::directory_iterator(folder.path() / "id2")) {
    write_text(file.path(), lost);
  }
  const auto [names, problems] = load(folder.path());
  CHECK(names == std::vector<std::string>{"one"});
  CHECK(problems.empty());
  CHECK_FALSE(fs::exists(folder.path() / "id2"));
}

TEST_CASE("which run was stopped is remembered", "[02][store]") {
  TempFolder folder;
  ContainerStore store(folder.path());
  store.save(record("id1", "one"), Durability::durable);
  CHECK(store.stop_note("id1").run.empty());
  store.note_stop("id1", {"2025-01-01T00:00:01Z", true});
  CHECK(store.stop_note("id1").run == "2025-01-01T00:00:01Z");
  CHECK(store.stop_note("id1").to_end_it);
  store.note_stop("id1", {"2025-01-01T00:00:02Z", false});
  CHECK(store.stop_note("id1").run == "2025-01-01T00:00:02Z");
  CHECK_FALSE(store.stop_note("id1").to_end_it);
}

TEST_CASE("folders without a record are what a cut creation or removal left: they go",
          "[02][store]") {
  TempFolder folder;
  ContainerStore(folder.path()).save(record("id1", "one"), Durability::durable);
  fs::create_directories(folder.path() / "id2/rw/upper");
  write_text(folder.path() / "id2/record.json.tmp", "{");
  CHECK(load(folder.path()).first == std::vector<std::string>{"one"});
  CHECK_FALSE(fs::exists(folder.path() / "id2"));
}

TEST_CASE("a record that cannot be read is named and kept; the others load",
          "[02][store][attack]") {
  TempFolder folder;
  ContainerStore store(folder.path());
  store.save(record("id1", "one"), Durability::durable);
  store.save(record("id2", "two"), Durability::durable);
  const fs::path file = folder.path() / "id2/record.json";
  const std::string whole = read_text(file);
  json changed = json::parse(whole);
  std::string text, reason;
  SECTION("truncated") { text = whole.substr(0, whole.size() / 2), reason = "record.json"; }
  SECTION("empty, as ext4 may leave what was not synced") { reason = "record.json"; }
  SECTION("not an object") { text = "[1,2]", reason = "expected an object"; }
  SECTION("from a newer Slipway") {
    changed["Schema"] = 99;
    text = changed.dump(), reason = "written by a newer version (schema 99)";
  }
  SECTION("a section of the wrong type") {
    changed["HostConfig"] = 5;
    text = changed.dump(), reason = "HostConfig";
  }
  SECTION("a section missing") {
    changed.erase("Config");
    text = changed.dump(), reason = "Config";
  }
  SECTION("a copy of another container's") {
    text = read_text(folder.path() / "id1/record.json"), reason = "id1";
  }
  write_text(file, text);
  const auto [names, problems] = load(folder.path());
  CHECK(names == std::vector<std::string>{"one"});
  REQUIRE(problems.size() == 1);
  CHECK_THAT(problems[0], Catch::StartsWith("id2: ") && Contains(reason));
  CHECK(read_text(file) == text);
}
