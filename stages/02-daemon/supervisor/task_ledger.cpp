// What the ledger says of runs: which one was begun, which one never ran, and how the ones ended that nobody saw end.

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/http_client.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "task_table.hpp"

namespace slipway {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kEntry = ".json";
constexpr std::string_view kHalfWritten = ".json.tmp";

/// The names of the folder's files that end so, without their end.
std::vector<std::string> ids_in(const std::string& ledger, std::string_view end) {
  std::vector<std::string> ids;
  for (const auto& entry : fs::directory_iterator(ledger)) {
    const std::string file = entry.path().filename();
    if (file.ends_with(end)) ids.push_back(file.substr(0, file.size() - end.size()));
  }
  return ids;
}

}  // namespace

std::string TaskTable::ledger_file(const std::string& id) const {
  return ledger_ + "/" + id + ".json";
}

std::vector<ExitRecord> TaskTable::exits() const {
  std::vector<ExitRecord> records;
  for (const std::string& id : ids_in(ledger_, kEntry)) {
    if (auto record = read_entry(id)) records.push_back(std::move(*record));
  }
  return records;
}

/// A run's entry; nothing, and a line in our log, if it cannot be read.
std::optional<ExitRecord> TaskTable::read_entry(const std::string& id) const {
  try {
    return read_exit_record(ledger_, id);
  } catch (const std::exception& error) {
    log_line(LogLevel::error, ledger_file(id) + ": " + error.what());
    return std::nullopt;
  }
}

/// Removes what a killed writer never got to rename. A shim that lives may be writing at this moment.
void TaskTable::sweep_ledger() const {
  for (const std::string& id : ids_in(ledger_, kHalfWritten)) {
    if (!shim_lives(id)) fs::remove(ledger_ + "/" + id + std::string(kHalfWritten));
  }
}

//@region complete
/// A run without an end and without a shim: the shim was killed, or the host stopped. One that was set up and never let run
/// was no run: the ledger goes back to the one before.
void TaskTable::complete_ledger() {
  for (const ExitRecord& record : exits()) {
    if (record.finished() || tasks_.contains(record.id) || shim_lives(record.id)) continue;
    const TaskFolder folder = folder_of(record.id);
    if (!fs::exists(folder.path)) {
      write_end(record, 255, "the host stopped");
    } else if (was_let_run(folder)) {
      write_end(record, 137, kShimKilled);
    } else {
      restore_previous(record.id);
    }
  }
}
//@endregion

void TaskTable::write_end(ExitRecord record, int exit_code, const std::string& reason) const {
  record.previous.clear();
  record.finished_at = rfc3339_now();
  record.exit_code = exit_code;
  record.error = reason;
  write_exit_record(ledger_, record, Durability::durable);
}

/// Writes the end that a killed shim could not write, unless it is written.
void TaskTable::end_of_killed_shim(const std::string& id, const std::string& run) {
  const std::scoped_lock lock(ending_);
  const auto record = read_exit_record(ledger_, id);
  if (!record || record->finished() || record->started_at != run) return;
  write_end(*record, 137, kShimKilled);
}

/// Sees to it that what was set up never runs, if it does not run yet: whoever let it run may have died before it could say
/// so. In one's Turn. \returns false if it was let run \throws ApiError 503
bool TaskTable::withhold(const std::string& id) {
  const TaskFolder folder = folder_of(id);
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(kShimPatienceMs);
  while (shim_lives(id)) {
    try {
      HttpClient shim(folder.socket());
      shim.patience_ms = kShimPatienceMs;
      return shim.request("POST", "/withdraw").status < 400;
    } catch (const std::runtime_error&) {  // its door is not open yet, or it is being killed
      if (std::chrono::steady_clock::now() > deadline) {
        throw ApiError(503, "the shim of task " + id + " does not answer");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  return !was_let_run(folder);
}

void TaskTable::withdraw(const std::string& id, const std::string& run) {
  const auto turn = turns_.take(id);
  const auto record = read_entry(id);
  if (!record || record->started_at != run) return;  // taken back, or never begun
  if (record->finished() || !withhold(id)) {
    if (!shim_lives(id)) end_of_killed_shim(id, run);
    throw conflict("task was started: " + id);
  }
  take_back(id);
}

void TaskTable::record_failed_start(const FailedStart& failed) {
  const auto turn = turns_.take(failed.id);
  auto record = read_entry(failed.id);
  const bool other = record && record->started_at != failed.run;
  if (other && !record->finished()) return;  // a later start is under way: this one was given up
  if (record && !other && (record->finished() || !withhold(failed.id))) {
    throw conflict("task was started: " + failed.id);
  }
  take_back(failed.id);
  record = read_entry(failed.id).value_or(
      ExitRecord{.id = failed.id, .started_at = kNever, .finished_at = kNever});
  record->exit_code = failed.exit_code;
  record->oom_killed = false;
  record->error = failed.message;
  write_exit_record(ledger_, *record, Durability::durable);
}

/// The entry of the run before, as JSON; empty if there was none, or none that can be read.
std::string TaskTable::previous_run(const std::string& id) const {
  const auto record = read_entry(id);
  if (!record) return {};
  return record->finished() ? to_json(*record).dump() : record->previous;
}

/// Undoes what the begin of a run did to the ledger: the entry of the run before is there again.
void TaskTable::restore_previous(const std::string& id) const {
  const auto record = read_entry(id);
  if (!record || record->finished()) return;
  if (!record->previous.empty()) {
    const ExitRecord previous = exit_record_from_json(json::parse(record->previous));
    return write_exit_record(ledger_, previous, Durability::durable);
  }
  ::unlink(ledger_file(id).c_str());
}

/// The ledger first: an unfinished entry without a folder would mean that the host had stopped.
void TaskTable::take_back(const std::string& id) {
  restore_previous(id);
  clear_away(id);
}

}  // namespace slipway
