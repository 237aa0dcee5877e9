#include "exit_ledger.hpp"

#include <errno.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "01-cli-socket/http_message.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"

namespace slipway {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kEntry = ".json";
constexpr std::string_view kHalfWritten = ".json.tmp";

/// The ids of the folder's files that end so.
std::vector<std::string> ids_in(const std::string& folder, std::string_view end) {
  std::vector<std::string> ids;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string file = entry.path().filename();
    if (file.ends_with(end)) ids.push_back(file.substr(0, file.size() - end.size()));
  }
  return ids;
}

}  // namespace

std::optional<std::string> id_of_entry(std::string_view file_name) {
  if (!file_name.ends_with(kEntry)) return std::nullopt;
  return std::string(file_name.substr(0, file_name.size() - kEntry.size()));
}

ExitLedger::ExitLedger(std::string folder) : folder_(std::move(folder)) { make_folders(folder_); }

std::vector<ExitRecord> ExitLedger::entries() const {
  std::vector<ExitRecord> records;
  for (const std::string& id : ids_in(folder_, kEntry)) {
    if (auto record = entry(id)) records.push_back(std::move(*record));
  }
  return records;
}

std::optional<ExitRecord> ExitLedger::entry(const std::string& id) const {
  try {
    return read_exit_record(folder_, id);
  } catch (const std::exception& error) {
    log_line(LogLevel::error, file(id) + ": " + error.what());
    return std::nullopt;
  }
}

void ExitLedger::begin(const TaskSettings& settings) {
  const std::scoped_lock lock(mutex_);
  ExitRecord record = begun_record(settings);
  if (const auto before = entry(settings.id)) {
    record.previous = before->finished() ? to_json(*before).dump() : before->previous;
  }
  write_exit_record(folder_, record, settings.durability());
}

void ExitLedger::end(const std::string& id, const std::string& run, int exit_code,
                     const std::string& reason) {
  const std::scoped_lock lock(mutex_);
  auto record = entry(id);
  if (!record || record->finished() || (!run.empty() && record->started_at != run)) return;
  record->previous.clear();
  record->finished_at = rfc3339_now();
  record->exit_code = exit_code;
  record->error = reason;
  write_exit_record(folder_, *record, Durability::durable);
}

void ExitLedger::take_back(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  const auto record = entry(id);
  if (!record || record->finished()) return;
  if (record->previous.empty()) {
    ::unlink(file(id).c_str());
  } else {
    const auto before = exit_record_from_json(parse_json(record->previous, file(id)));
    write_exit_record(folder_, before, Durability::durable);
  }
}

void ExitLedger::add_failed_start(const std::string& id, int exit_code,
                                  const std::string& message) {
  const std::scoped_lock lock(mutex_);
  ExitRecord record =
      entry(id).value_or(ExitRecord{.id = id, .started_at = kNever, .finished_at = kNever});
  record.exit_code = exit_code;
  record.oom_kills = 0;
  record.reason.clear();
  record.error = message;
  write_exit_record(folder_, record, Durability::durable);
}

void ExitLedger::remove(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  if (::unlink(file(id).c_str()) == 0 || errno == ENOENT) return;
  throw SysError(errno, "unlink", file(id));
}

void ExitLedger::sweep(const std::function<bool(const std::string& id)>& may_be_writing) const {
  for (const std::string& id : ids_in(folder_, kHalfWritten)) {
    if (!may_be_writing(id)) fs::remove(folder_ + "/" + id + std::string(kHalfWritten));
  }
}

}  // namespace slipway
