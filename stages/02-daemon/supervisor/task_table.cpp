#include "task_table.hpp"

#include <fcntl.h>
#include <poll.h>
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

namespace {

constexpr std::size_t kRememberedExits = 4096;

constexpr int kLaunchPatienceMs = 120'000;  ///< a mount over a network may take its time
constexpr int kStartPatienceMs = 30'000;

/// One line. Not to the end of the pipe: the container's process, waiting for its start, holds it too.
std::string read_report(const UniqueFd& fd) {
  std::string text;
  std::array<char, 16384> buffer;
  for (;;) {
    pollfd readable{.fd = fd.get(), .events = POLLIN, .revents = 0};
    if (retry_on_signal([&] { return ::poll(&readable, 1, kLaunchPatienceMs); }) == 0) return text;
    const ssize_t count =
        retry_on_signal([&] { return ::read(fd.get(), buffer.data(), buffer.size()); });
    if (check(count, "read", "the shim's report") == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.ends_with('\n')) return text;
  }
}

/// A shim that is killed over it, or hangs, may have let it run before.
HttpResponse ask_to_start(const Task& task, Trace& trace) {
  try {
    HttpClient client(task.folder.socket());
    client.trace = &trace;
    client.patience_ms = kStartPatienceMs;
    return client.request("POST", "/start");
  } catch (const std::runtime_error&) {
    return error_response(500, kShimKilled);
  }
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
  check(::inotify_add_watch(inotify_.get(), ledger_.folder().c_str(), IN_MOVED_TO),
        "inotify_add_watch", ledger_.folder());
  const std::string parent = std::filesystem::path(ledger_.folder()).parent_path();
  parent_watch_ = ::inotify_add_watch(inotify_.get(), parent.c_str(), IN_DELETE | IN_ONLYDIR);
  check(parent_watch_, "inotify_add_watch", parent);
  for (const UniqueFd* fd : {&inotify_, &wake_}) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd->get()}};
    check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd->get(), &event), "epoll_ctl", "add");
  }
}

TaskTable::~TaskTable() {
  ::eventfd_write(wake_.get(), 1);
  if (watcher_.joinable()) watcher_.join();
}

TaskFolder TaskTable::folder_of(const std::string& id) const { return {tasks_folder_ + "/" + id}; }

TaskTable::TaskPtr TaskTable::find(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = tasks_.find(id);
  if (found != tasks_.end()) return found->second;
  if (shim_lives(id)) throw ApiError(503, "the shim of task " + id + " does not answer");
  throw not_found("no such task: " + id);
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
  task->settings.ledger = ledger_.folder();
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
  ledger_.take_back(task.id);  // before the folder, as in take_back()
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
    const std::string file = ledger_.file(task.id);
    const auto step = trace.begin("02", "ledger", "rename", file, [&] {
      return "sync " + file + ".tmp && mv " + file + ".tmp " + file;
    });
    ledger_.begin(task.settings);
  }
  const std::string text = read_report(reader);
  json report = json::parse(text, nullptr, false);
  if (!report.is_object())
    report = {{"Error", "the container's shim ended, or hangs, and has not reported"}};
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

void TaskTable::kill(const std::string& id, const std::string& run, int signal, Trace& trace) {
  const auto turn = turns_.take(id);
  const TaskPtr task = find_or_adopt(id);
  if (task->settings.started_at != run) throw conflict("task " + id + " is another run");
  HttpResponse response;
  try {
    HttpClient client(task->folder.socket());
    client.trace = &trace;
    client.patience_ms = kShimPatienceMs;
    response = client.request("POST", "/kill?signal=" + std::to_string(signal));
  } catch (const std::runtime_error&) {  // it hangs: a signal needs no shim
    send_signal(task->process, signal);
  }
  throw_if_error(response);
}

void TaskTable::remove(const std::string& id, Trace& trace) {
  const auto turn = turns_.take(id);
  try {
    clear_away(id);
  } catch (const ApiError& error) {
    if (error.status() != 503) throw;
    end_by_force(id);
    clear_away(id);
  }
  const std::string file = ledger_.file(id);
  const auto step =
      trace.begin("02", "ledger", "unlink", file, [&] { return "rm -f " + shell_quoted(file); });
  ledger_.remove(id);
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
  for (const std::string& id : folders()) {
    if (!tasks_.contains(id) && shim_lives(id)) list.push_back({{"Id", id}, {"Answers", false}});
  }
  return list;
}

bool TaskTable::empty() const {
  const std::scoped_lock lock(mutex_);
  return tasks_.empty();
}

}  // namespace slipway
