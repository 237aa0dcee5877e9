// What a supervisor finds, and what it cannot know: shims that live, runs whose end nobody wrote, requests over which somebody
// died. A shim's lock says whether it lives, its note in it whether it let its process run; nothing else is believed.

#include <fcntl.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/pidfd.hpp"
#include "task_table.hpp"

namespace slipway {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr int kSecondLookMs = 200;  ///< the watcher has other things to do

ApiError does_not_answer(const std::string& id) {
  return {503, "the shim of task " + id + " does not answer"};
}

json state_of_shim(const TaskFolder& folder, int patience_ms) {
  HttpClient client(folder.socket());
  client.patience_ms = patience_ms;
  const HttpResponse response = client.request("GET", "/state");
  throw_if_error(response);
  return parse_json(response.body, "the shim's state");
}

}  // namespace

std::vector<std::string> TaskTable::folders() const {
  std::vector<std::string> ids;
  for (const auto& entry : fs::directory_iterator(tasks_folder_)) {
    ids.push_back(entry.path().filename());
  }
  return ids;
}

void TaskTable::recover() {
  ledger_.sweep([this](const std::string& id) { return shim_lives(id); });
  std::set<std::string> ids;
  for (const std::string& id : folders()) ids.insert(id);
  for (const ExitRecord& record : ledger_.entries()) {
    if (!record.finished()) ids.insert(record.id);
  }
  for (const std::string& id : ids) settle_or_later(id, kShimPatienceMs);
  watcher_ = std::thread([this] { watch(); });
}

/// One task that cannot be dealt with must not keep the others from us.
void TaskTable::settle_or_later(const std::string& id, int patience_ms) {
  try {
    settle(id, patience_ms);
    unsettled_.erase(id);
  } catch (const std::exception& error) {
    if (!unsettled_.insert(id).second) return;
    log_line(LogLevel::warning, "task " + id + ": " + error.what() + "; trying again");
  }
}

/// The watcher's, once a second: shims that did not answer, ends that a full disk refused.
void TaskTable::settle_late() {
  const std::set<std::string> ids = unsettled_;
  for (const std::string& id : ids) {
    if (const auto turn = turns_.try_take(id)) settle_or_later(id, kSecondLookMs);
  }
}

//@region settle
/// Makes of a task that nobody knows what it is: one whose shim lives, and is watched from now on; or a run that has its end in
/// the ledger; or, if it was set up and never let run, none at all.
void TaskTable::settle(const std::string& id, int patience_ms) {
  if (shim_lives(id) && adopt(id, patience_ms)) return;
  const TaskFolder folder = folder_of(id);
  if (!fs::exists(folder.path)) {
    ledger_.end(id, "", 255, "the host stopped");  // /run is empty: that is how one knows
  } else if (was_let_run(folder)) {
    ledger_.end(id, "", 137, kShimKilled);
  } else {
    ledger_.take_back(id);
  }
  {
    const std::scoped_lock lock(mutex_);
    tasks_.erase(id);  // it is there still if its end could not be written when its shim died
  }
  remove_tree(folder.path);
}
//@endregion

//@region alive
/// True if the shim that holds the task's lock is alive (02-I7). Asked, not tried: a try would be a lock of our own, and in a
/// starting shim's way. One that lives but does not answer keeps its container: nobody may write its end or clear its folder away.
bool TaskTable::shim_lives(const std::string& id) const {
  const UniqueFd fd(::open(folder_of(id).lock().c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return false;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  return ::fcntl(fd.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}
//@endregion

/// Takes over a shim that lives: its pid is taken from its own mouth, and it cannot have been given to another process
/// while the lock is held. \returns false if it ended meanwhile
bool TaskTable::adopt(const std::string& id, int patience_ms) {
  auto task = std::make_shared<Task>();
  task->id = id;
  task->folder = folder_of(id);
  try {
    const auto settings = read_file(task->folder.settings());
    task->settings = task_settings_from_json(parse_json(settings.value_or("{}"), "task.json"));
    const json state = state_of_shim(task->folder, patience_ms);
    task->pid = state.at("Pid");
    task->shim_pid = state.at("ShimPid");
    task->started = state.at("Status") != "created";
    if (state.at("Status") != "exited") task->process = open_pidfd(task->pid);
    task->shim = open_pidfd(task->shim_pid);
  } catch (const std::exception&) {
    if (!shim_lives(id)) return false;
    throw;
  }
  if (!shim_lives(id)) return false;
  watch_task(task);
  {
    const std::scoped_lock lock(mutex_);
    tasks_[id] = task;
  }
  if (!task->started && !is_begun(*task))
    clear_away(id);  // who set it up did not live to write it down
  return true;
}

/// True if the ledger's entry is this task's run.
bool TaskTable::is_begun(const Task& task) const {
  const auto record = ledger_.entry(task.id);
  return record && !record->finished() && record->started_at == task.settings.started_at;
}

/// The same as find() for a shim that lives and that nobody has taken over. Only in one's turn: a creation's shim is not a
/// stray.
TaskTable::TaskPtr TaskTable::find_or_adopt(const std::string& id) {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = tasks_.find(id);
    if (found != tasks_.end()) return found->second;
  }
  try {
    if (shim_lives(id)) adopt(id, kShimPatienceMs);
  } catch (const std::exception&) {
    throw does_not_answer(id);
  }
  return find(id);
}

/// Sees to it that what was set up never runs, if it does not run yet: whoever let it run may have died before it could say
/// so. In one's turn. \returns false if it was let run \throws ApiError 503
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
      if (std::chrono::steady_clock::now() > deadline) throw does_not_answer(id);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  return !was_let_run(folder);
}

/// \returns false if the run was let run; then it has its end, or its shim will write it
bool TaskTable::withhold_run(const ExitRecord& record) {
  if (!record.finished() && withhold(record.id)) return true;
  if (!shim_lives(record.id)) ledger_.end(record.id, record.started_at, 137, kShimKilled);
  return false;
}

void TaskTable::withdraw(const std::string& id, const std::string& run) {
  const auto turn = turns_.take(id);
  const auto record = ledger_.entry(id);
  if (!record || record->started_at != run) return;  // taken back, or never begun
  if (!withhold_run(*record)) throw conflict("task was started: " + id);
  take_back(id);
}

void TaskTable::record_failed_start(const FailedStart& failed) {
  const auto turn = turns_.take(failed.id);
  const auto record = ledger_.entry(failed.id);
  const bool begun = record && record->started_at == failed.run;
  if (begun && !withhold_run(*record)) throw conflict("task was started: " + failed.id);
  // RFC 3339 in UTC sorts as text. A later start has come or is under way: this one was given up.
  if (record && !begun && record->started_at > failed.run) return;
  take_back(failed.id);
  ledger_.add_failed_start(failed.id, failed.exit_code, failed.message);
}

/// The ledger first: an unfinished entry without a folder would mean that the host had stopped.
void TaskTable::take_back(const std::string& id) {
  ledger_.take_back(id);
  clear_away(id);
}

/// Ends a task and removes its folder; its ledger entry stays. Nothing there is no error.
/// \throws ApiError 503 if its shim does not answer, and nobody has taken it over
void TaskTable::clear_away(const std::string& id) {
  try {
    const TaskPtr task = find_or_adopt(id);
    {
      const std::scoped_lock lock(mutex_);
      tasks_.erase(id);
    }
    end_task(*task);
  } catch (const ApiError& error) {
    if (error.status() != 404) throw;  // 404: there is only a folder left, if anything
  }
  remove_tree(folder_of(id).path);
}

/// A shim that hangs cannot keep its container from being removed: it is killed, and its container with it (02-I3).
void TaskTable::end_by_force(const std::string& id) {
  const pid_t pid = shim_pid_in(folder_of(id));
  if (pid <= 0) throw does_not_answer(id);
  const UniqueFd shim = open_pidfd(pid);
  if (shim_lives(id))
    send_signal(shim, SIGKILL);  // while the lock is held, the pid in it is its holder's
  if (!wait_until_ended(shim, kShimPatienceMs)) throw does_not_answer(id);
}

/// Kills what still runs. A shim whose container has ended may live on without its folder for as long as an attached client
/// has output to read; one that was told to end must.
void TaskTable::end_task(Task& task) const {
  if (!wait_until_ended(task.process, 0)) {
    send_signal(task.process, SIGKILL);
    if (!wait_until_ended(task.shim, kShimPatienceMs)) send_signal(task.shim, SIGKILL);
  } else {
    // Its end is just being written: a record that came after the entry was removed would stay for ever. With a full disk
    // it never is, and its shim goes on trying.
    if (!wait_for_record(task)) send_signal(task.shim, SIGKILL);
  }
}

/// False if the end is still not recorded.
bool TaskTable::wait_for_record(const Task& task) const {
  for (int waited = 0; waited < kShimPatienceMs && !wait_until_ended(task.shim, 1); ++waited) {
    const auto record = ledger_.entry(task.id);
    if (!record || record->finished()) return true;
  }
  return wait_until_ended(task.shim, 0);
}

json TaskTable::describe(const std::string& id) {
  const auto turn = turns_.take(id);
  const TaskPtr task = find_or_adopt(id);
  json answer = state_of_shim(task->folder, kShimPatienceMs);
  answer["ShimSocket"] = task->folder.socket();
  if (!task->steps.empty()) answer["Steps"] = steps_to_json(steps_from_text(task->steps));
  return answer;
}

}  // namespace slipway
