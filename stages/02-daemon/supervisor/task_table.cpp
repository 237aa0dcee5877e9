#include "task_table.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/pidfd.hpp"

namespace slipway {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kRememberedExits = 4096;

std::vector<std::string> entries_of(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  return names;
}

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

/// A shim that is killed over it may have let it run before.
HttpResponse ask_to_start(const Task& task, Trace& trace) {
  try {
    HttpClient client(task.folder.socket());
    client.trace = &trace;
    return client.request("POST", "/start");
  } catch (const std::runtime_error&) {
    return error_response(500, kShimKilled);
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
    if (!tasks_.contains(id) && !shim_lives(id)) remove_tree(folder_of(id).path);
  }
  watcher_ = std::thread([this] { watch(); });
}

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

TaskFolder TaskTable::folder_of(const std::string& id) const { return {tasks_folder_ + "/" + id}; }

/// Takes over a shim that lives: its pid is taken from its own mouth, and it cannot have been given to another process
/// while the lock is held.
void TaskTable::adopt(const std::string& id) {
  auto task = std::make_shared<Task>();
  task->id = id;
  task->folder = folder_of(id);
  const auto settings = read_file(task->folder.settings());
  task->settings = task_settings_from_json(parse_json(settings.value_or("{}"), "task.json"));
  const json state = ask_shim(task->folder);
  task->pid = state.at("Pid");
  task->shim_pid = state.at("ShimPid");
  task->started = state.at("Status") != "created";
  if (state.at("Status") != "exited") task->process = open_pidfd(task->pid);
  task->shim = open_pidfd(task->shim_pid);
  if (!shim_lives(id)) return;  // it ended while we asked
  watch_task(task);
  const std::scoped_lock lock(mutex_);
  tasks_[id] = std::move(task);
}

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
  const auto turn = turns_.take(request.id);
  if (!wanted()) throw conflict("nobody waits for task " + request.id + " any more");
  auto task = std::make_shared<Task>();
  task->id = request.id;
  task->folder = folder_of(request.id);
  task->settings = request.settings;
  task->settings.id = request.id;
  task->settings.ledger = ledger_;
  clear_away(request.id);
  try {
    {
      const auto step = trace.begin("02", "bundle", "rename", task->folder.spec(), [&] {
        return "install -D -m 600 config.json " + shell_quoted(task->folder.spec());
      });
      write_bundle(*task, request.spec);
    }
    const json report = start_shim(*task, trace);
    if (report.contains("Error")) {
      throw ApiError(report.value("CommandError", false) ? 400 : 500, report.at("Error"),
                     report.value("Advice", ""));
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
    const auto step =
        trace.begin("02", "shim", "posix_spawn", "slipway-shim " + task.folder.path, [&] {
          return "setsid slipway-shim " + shell_quoted(task.folder.path) + " " +
                 std::to_string(kReportFd) + ">report &";
        });
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
    const std::string file = ledger_file(task.id);
    const auto step = trace.begin("02", "ledger", "rename", file, [&] {
      return "sync " + file + ".tmp && mv " + file + ".tmp " + file;
    });
    ExitRecord record = begun_record(task.settings);
    record.previous = previous_run(task.id);
    write_exit_record(ledger_, record, task.settings.durability());
  }
  const std::string text = read_report(reader);
  json report = json::parse(text, nullptr, false);
  if (!report.is_object()) report = {{"Error", "the container's shim ended before it reported"}};
  if (trace.on()) trace.add(steps_from_text(report.value("Steps", "")));
  if (!task.settings.durable) task.steps = report.value("Steps", "");
  return report;
}

void TaskTable::start(const std::string& id, const std::string& run, Trace& trace) {
  const auto turn = turns_.take(id);
  const TaskPtr task = find(id);
  if (task->settings.started_at != run)
    throw conflict("task " + id + " was set up for another run");
  const HttpResponse response = ask_to_start(*task, trace);
  if (response.status < 400 || !withhold(id)) {
    task->started = true;
    return;
  }
  take_back(id);
  throw_if_error(response);
}

void TaskTable::kill(const std::string& id, int signal, Trace& trace) {
  const auto turn = turns_.take(id);
  const TaskPtr task = find_or_adopt(id);
  HttpClient client(task->folder.socket());
  client.trace = &trace;
  throw_if_error(client.request("POST", "/kill?signal=" + std::to_string(signal)));
}

void TaskTable::remove(const std::string& id, Trace& trace) {
  const auto turn = turns_.take(id);
  forget(id, trace);
}

void TaskTable::forget(const std::string& id, Trace& trace) {
  clear_away(id);
  const std::string file = ledger_file(id);
  const auto step =
      trace.begin("02", "ledger", "unlink", file, [&] { return "rm -f " + shell_quoted(file); });
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) throw SysError(errno, "unlink", file);
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
  remove_tree(folder_of(id).path);
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
  const auto turn = turns_.take(id);
  const TaskPtr task = find_or_adopt(id);
  json answer = ask_shim(task->folder);
  answer["ShimSocket"] = task->folder.socket();
  if (!task->steps.empty()) answer["Steps"] = steps_to_json(steps_from_text(task->steps));
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

bool TaskTable::empty() const {
  const std::scoped_lock lock(mutex_);
  return tasks_.empty();
}

}  // namespace slipway
