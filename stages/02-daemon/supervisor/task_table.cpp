#include "task_table.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/pidfd.hpp"

namespace slipway {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr int kShimPatienceMs = 2000;
constexpr std::size_t kRememberedExits = 4096;

/// The names of a folder's entries; those of our own temporary files are left out.
std::vector<std::string> entries_of(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string name = entry.path().filename();
    if (!name.ends_with(".tmp")) names.push_back(std::move(name));
  }
  return names;
}

std::string id_of_record(std::string file_name) {
  if (file_name.ends_with(".json")) file_name.resize(file_name.size() - 5);
  return file_name;
}

//@region alive
/// True if the shim that locked this file is alive (02-I7).
bool is_locked(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return false;
  return ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}
//@endregion

/// One line. Not to the end of the pipe: the container's process, waiting for its start, holds it too.
std::string read_report(const UniqueFd& fd) {
  std::string text;
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t count =
        retry_on_signal([&] { return ::read(fd.get(), buffer.data(), buffer.size()); });
    if (check(count, "read", "the shim's report") == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.ends_with('\n')) return text;
  }
}

json ask_shim(const TaskFolder& folder) {
  HttpClient client(folder.socket());
  client.patience_ms = kShimPatienceMs;
  const HttpResponse response = client.request("GET", "/state");
  throw_if_error(response);
  return parse_json(response.body, "the shim's state");
}

}  // namespace

/// While it lives, no other request creates, starts or removes the same task: an engine that was killed may have left
/// one under way when the next engine asks.
class TaskTable::Turn {
 public:
  Turn(TaskTable& table, std::string id) : table_(table), id_(std::move(id)) {
    std::unique_lock lock(table_.mutex_);
    table_.turn_ended_.wait(lock, [this] { return table_.busy_.insert(id_).second; });
  }
  ~Turn() {
    const std::scoped_lock lock(table_.mutex_);
    table_.busy_.erase(id_);
    table_.turn_ended_.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  TaskTable& table_;
  std::string id_;
};

TaskTable::TaskTable(std::string tasks_folder, std::string ledger)
    : tasks_folder_(std::move(tasks_folder)),
      ledger_(std::move(ledger)),
      feed_(kRememberedExits),
      epoll_(check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      inotify_(check(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "inotify_init1")),
      wake_(check(::eventfd(0, EFD_CLOEXEC), "eventfd")) {
  make_folders(tasks_folder_);
  make_folders(ledger_);
  check(::inotify_add_watch(inotify_.get(), ledger_.c_str(), IN_MOVED_TO), "inotify_add_watch",
        ledger_);
  for (const UniqueFd* fd : {&inotify_, &wake_}) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd->get()}};
    check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd->get(), &event), "epoll_ctl", "add");
  }
}

TaskTable::~TaskTable() {
  ::eventfd_write(wake_.get(), 1);
  if (watcher_.joinable()) watcher_.join();
}

/// Removes what a killed writer never got to rename. A shim that lives may be writing at this moment.
void TaskTable::sweep_ledger() const {
  constexpr std::string_view kHalfWritten = ".json.tmp";
  for (const auto& entry : fs::directory_iterator(ledger_)) {
    std::string file = entry.path().filename();
    if (!file.ends_with(kHalfWritten)) continue;
    file.resize(file.size() - kHalfWritten.size());
    if (!shim_lives(file)) fs::remove(entry.path());
  }
}

void TaskTable::recover() {
  sweep_ledger();
  for (const std::string& id : entries_of(tasks_folder_)) {
    try {
      if (shim_lives(id)) adopt(id);
    } catch (const std::exception& error) {
      log_line(LogLevel::warning, "task " + id + ": cannot ask its shim: " + error.what());
    }
  }
  complete_ledger();
  for (const std::string& id : entries_of(tasks_folder_)) {
    if (!tasks_.contains(id) && !shim_lives(id)) remove_tree(tasks_folder_ + "/" + id);
  }
  watcher_ = std::thread([this] { watch(); });
}

/// A shim that lives but does not answer keeps its container: nobody may write its end or clear its folder away.
bool TaskTable::shim_lives(const std::string& id) const {
  return is_locked(TaskFolder{tasks_folder_ + "/" + id}.lock());
}

/// Takes over a shim that lives: its pid is taken from its own mouth, and it cannot have been given to another process
/// while the lock is held.
void TaskTable::adopt(const std::string& id) {
  auto task = std::make_shared<Task>();
  task->id = id;
  task->folder = {tasks_folder_ + "/" + id};
  const auto settings = read_file(task->folder.settings());
  task->settings = task_settings_from_json(parse_json(settings.value_or("{}"), "task.json"));
  const json state = ask_shim(task->folder);
  task->pid = state.at("Pid");
  task->shim_pid = state.at("ShimPid");
  task->started = state.at("Status") != "created";
  if (state.at("Status") != "exited") task->process = open_pidfd(task->pid);
  task->shim = open_pidfd(task->shim_pid);
  if (!is_locked(task->folder.lock())) return;  // it ended while we asked
  watch_task(task);
  const std::scoped_lock lock(mutex_);
  tasks_[id] = std::move(task);
}

//@region complete
/// A run without an end and without a shim: the shim was killed, or the host stopped. One that was set up and never let run
/// was no run: the ledger goes back to the one before.
void TaskTable::complete_ledger() {
  for (ExitRecord& record : exits()) {
    if (record.finished() || tasks_.contains(record.id) || shim_lives(record.id)) continue;
    const TaskFolder folder{tasks_folder_ + "/" + record.id};
    const bool same_boot = fs::exists(folder.path);
    if (same_boot && !was_let_run(folder)) {
      restore_previous(record.id);
      continue;
    }
    record.previous.clear();
    record.finished_at = rfc3339_now();
    record.exit_code = same_boot ? 137 : 255;
    record.error = same_boot ? "the container's shim was killed" : "the host stopped";
    write_exit_record(ledger_, record, Durability::durable);
  }
}
//@endregion

TaskTable::TaskPtr TaskTable::find(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = tasks_.find(id);
  if (found != tasks_.end()) return found->second;
  if (shim_lives(id)) throw ApiError(503, "the shim of task " + id + " does not answer");
  throw not_found("no such task: " + id);
}

/// The same for a shim that lives and that nobody has taken over: the supervisor that started it was killed before it took
/// its lock, or it did not answer when we came. Only in one's Turn: a creation's shim is not a stray.
TaskTable::TaskPtr TaskTable::find_or_adopt(const std::string& id) {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = tasks_.find(id);
    if (found != tasks_.end()) return found->second;
  }
  try {
    if (shim_lives(id)) adopt(id);
  } catch (const std::exception& error) {
    throw ApiError(503, "the shim of task " + id + " does not answer: " + error.what());
  }
  return find(id);
}

void TaskTable::write_bundle(const Task& task, const json& spec) const {
  make_folders(task.folder.path);
  write_file_atomically(task.folder.spec(), spec.dump(1), Durability::volatile_);
  write_file_atomically(task.folder.settings(), to_json(task.settings).dump(1),
                        Durability::volatile_);
}

json TaskTable::create(const TaskRequest& request, Trace& trace,
                       const std::function<bool()>& wanted) {
  const Turn turn(*this, request.id);
  auto task = std::make_shared<Task>();
  task->id = request.id;
  task->folder = {tasks_folder_ + "/" + request.id};
  task->settings = request.settings;
  task->settings.id = request.id;
  task->settings.ledger = ledger_;
  clear_away(request.id);
  try {
    {
      const auto step = trace.begin("02", "bundle", "write", task->folder.spec());
      write_bundle(*task, request.spec);
    }
    const json report = start_shim(*task, trace);
    if (report.contains("Error")) {
      throw ApiError(report.value("CommandError", false) ? 400 : 500, report.at("Error"));
    }
    task->pid = report.at("Pid");
    task->process = open_pidfd(task->pid);
    if (!wanted()) throw conflict("nobody waits for task " + task->id + " any more");
  } catch (...) {
    discard(*task);
    throw;
  }
  {
    const std::scoped_lock lock(mutex_);
    tasks_[task->id] = task;
  }
  watch_task(task);
  return {{"Pid", task->pid}, {"ShimSocket", task->folder.socket()}};
}

/// Takes back a creation that failed. A shim that could not report, or not create its container, ends by itself.
void TaskTable::discard(Task& task) {
  if (task.shim) {
    send_signal(task.process, SIGKILL);
    if (!wait_until_ended(task.shim, kShimPatienceMs)) send_signal(task.shim, SIGKILL);
    reap(task);
  }
  restore_previous(task.id);  // before the folder, as in take_back()
  remove_tree(task.folder.path);
}

/// The ledger's entry of the run before, as JSON; empty if there was none, or none that can be read.
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
  ::unlink((ledger_ + "/" + id + ".json").c_str());
}

/// The ledger first: an unfinished entry without a folder would mean that the host had stopped.
void TaskTable::take_back(const std::string& id) {
  restore_previous(id);
  clear_away(id);
}

void TaskTable::record_failed_start(const std::string& id, int exit_code,
                                    const std::string& message) {
  const Turn turn(*this, id);
  take_back(id);
  ExitRecord record =
      read_entry(id).value_or(ExitRecord{.id = id, .started_at = kNever, .finished_at = kNever});
  record.exit_code = exit_code;
  record.oom_killed = false;
  record.error = message;
  write_exit_record(ledger_, record, Durability::durable);
}

const SealedProgram& TaskTable::sealed_shim(const std::string& program) {
  const std::scoped_lock lock(mutex_);
  if (!sealed_shim_) sealed_shim_.emplace(program);
  return *sealed_shim_;
}

/// Starts the shim and reads its report. Meanwhile the start goes into the ledger: its fsync overlaps with the launch.
json TaskTable::start_shim(Task& task, Trace& trace) {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "pipe2");
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  {
    const auto step = trace.begin("02", "shim", "posix_spawn", "slipway-shim " + task.folder.path);
    const std::string program = sibling_program("slipway-shim");
    SpawnedProcess shim = spawn({.program = sealed_shim(program).path(),
                                 .args = {task.folder.path},
                                 .descriptors = {{writer.get(), kReportFd}, {STDERR_FILENO, 2}},
                                 .shown_as = program,
                                 .new_session = true});
    task.shim_pid = shim.pid;
    task.shim = std::move(shim.pidfd);
    task.child = true;
  }
  writer.reset();
  {
    const auto step = trace.begin("02", "ledger", "rename", ledger_ + "/" + task.id + ".json");
    ExitRecord record = begun_record(task.settings);
    record.previous = previous_run(task.id);
    write_exit_record(ledger_, record, task.settings.durability());
  }
  const std::string text = read_report(reader);
  json report = json::parse(text, nullptr, false);
  if (!report.is_object()) report = {{"Error", "the container's shim ended before it reported"}};
  trace.add(steps_from_text(report.value("Steps", "")));
  return report;
}

void TaskTable::start(const std::string& id, Trace& trace) {
  const Turn turn(*this, id);
  const TaskPtr task = find(id);
  HttpClient client(task->folder.socket());
  client.trace = &trace;
  const HttpResponse response = client.request("POST", "/start");
  if (response.status < 400) {
    task->started = true;
    return;
  }
  take_back(id);
  throw ApiError(response.status, error_message(response));
}

void TaskTable::kill(const std::string& id, int signal) {
  const Turn turn(*this, id);
  const TaskPtr task = find_or_adopt(id);
  HttpClient client(task->folder.socket());
  throw_if_error(client.request("POST", "/kill?signal=" + std::to_string(signal)));
}

void TaskTable::remove(const std::string& id) {
  const Turn turn(*this, id);
  forget(id);
}

void TaskTable::remove_unstarted(const std::string& id) {
  const Turn turn(*this, id);
  const auto record = read_exit_record(ledger_, id);
  const bool unfinished = record && !record->finished();
  // Its shim was killed before it let it run, and whoever set it up is gone.
  if (unfinished && !shim_lives(id) && !was_let_run({tasks_folder_ + "/" + id}))
    return take_back(id);
  const TaskPtr task = find_or_adopt(id);
  if (ask_shim(task->folder).at("Status") != "created") throw conflict("task was started: " + id);
  take_back(id);
}

void TaskTable::forget(const std::string& id) {
  clear_away(id);
  if (::unlink((ledger_ + "/" + id + ".json").c_str()) != 0 && errno != ENOENT) {
    throw SysError(errno, "unlink", ledger_ + "/" + id + ".json");
  }
}

/// Ends a task and removes its folder; its ledger entry stays.
void TaskTable::clear_away(const std::string& id) {
  try {
    const TaskPtr task = find_or_adopt(id);
    {
      const std::scoped_lock lock(mutex_);
      tasks_.erase(id);
    }
    end_task(*task);
  } catch (const ApiError& error) {
    if (error.status() != 404)
      throw;  // 404: no shim lives; there is only a folder left, if anything
  }
  remove_tree(tasks_folder_ + "/" + id);
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
    const auto record = read_exit_record(ledger_, task.id);
    if (!record || record->finished()) return true;
  }
  return wait_until_ended(task.shim, 0);
}

json TaskTable::describe(const std::string& id) {
  const Turn turn(*this, id);
  const TaskPtr task = find_or_adopt(id);
  json answer = ask_shim(task->folder);
  answer["ShimSocket"] = task->folder.socket();
  return answer;
}

json TaskTable::describe_all() const {
  json list = json::array();
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, task] : tasks_) {
    list.push_back({{"Id", id},
                    {"Pid", task->pid},
                    {"ShimPid", task->shim_pid},
                    {"StartedAt", task->settings.started_at},
                    {"Started", task->started.load()},
                    {"ShimSocket", task->folder.socket()}});
  }
  for (const std::string& id : entries_of(tasks_folder_)) {
    if (!tasks_.contains(id) && shim_lives(id)) list.push_back({{"Id", id}, {"Answers", false}});
  }
  return list;
}

std::vector<ExitRecord> TaskTable::exits() const {
  std::vector<ExitRecord> records;
  for (const std::string& file : entries_of(ledger_)) {
    if (auto record = read_entry(file)) records.push_back(std::move(*record));
  }
  return records;
}

/// A file of the ledger; nothing, and a line in our log, if it cannot be read.
std::optional<ExitRecord> TaskTable::read_entry(const std::string& file) const {
  try {
    return read_exit_record(ledger_, id_of_record(file));
  } catch (const std::exception& error) {
    log_line(LogLevel::error, ledger_ + "/" + file + ": " + error.what());
    return std::nullopt;
  }
}

bool TaskTable::empty() const {
  const std::scoped_lock lock(mutex_);
  return tasks_.empty();
}

}  // namespace slipway
