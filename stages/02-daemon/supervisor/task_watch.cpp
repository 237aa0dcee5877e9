// The supervisor's watcher: who has ended, and was it recorded?

#include <signal.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>

#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/pidfd.hpp"
#include "task_table.hpp"

namespace slipway {

namespace {

using Clock = std::chrono::steady_clock;
constexpr int kSecondLookPauseMs = 1000;

/// That a run has begun is no news; that it is over is, and what befell it on the way.
bool is_news(const ExitRecord& record) { return record.finished() || record.oom_killed(); }

}  // namespace

/// A shim of an earlier supervisor is not our child: init reaps it.
void TaskTable::reap(const Task& task) {
  siginfo_t info{};
  if (task.child) ::waitid(P_PIDFD, static_cast<id_t>(task.shim.get()), &info, WEXITED);
}

void TaskTable::watch_task(const TaskPtr& task) {
  {
    const std::scoped_lock lock(mutex_);
    watched_[task->shim.get()] = task;
  }
  epoll_event event{.events = EPOLLIN | EPOLLONESHOT, .data = {.fd = task->shim.get()}};
  check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, task->shim.get(), &event), "epoll_ctl", "add");
}

/// The watcher's thread: the ledger tells of ends, pidfds of shims that died without writing one.
void TaskTable::watch() {
  auto second_look = Clock::now();
  for (;;) {
    epoll_event event{};
    const int patience = unsettled_.empty() ? -1 : kSecondLookPauseMs;
    const int count =
        retry_on_signal([&] { return ::epoll_wait(epoll_.get(), &event, 1, patience); });
    if (count == 1 && event.data.fd == wake_.get()) return;
    if (count == 1) handle(event.data.fd);
    if (unsettled_.empty() || Clock::now() < second_look) continue;
    settle_late();
    second_look = Clock::now() + std::chrono::milliseconds(kSecondLookPauseMs);
  }
}

void TaskTable::handle(int fd) {
  TaskPtr ended;
  try {
    if (fd == inotify_.get()) return take_ledger_news();
    {
      const std::scoped_lock lock(mutex_);
      ended = std::move(watched_.extract(fd).mapped());
    }
    shim_ended(ended);
  } catch (const std::exception& error) {
    log_line(LogLevel::error, std::string("watching tasks: ") + error.what());
    if (ended)
      unsettled_.insert(ended->id);  // a full disk: its end is written as soon as there is room
  }
}

void TaskTable::take_ledger_news() {
  alignas(inotify_event) std::array<char, 16384> buffer;
  const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
  for (ssize_t at = 0; at < size;) {
    const auto* news = reinterpret_cast<const inotify_event*>(buffer.data() + at);
    at += static_cast<ssize_t>(sizeof(inotify_event) + news->len);
    if ((news->mask & IN_IGNORED) != 0) continue;  // a watched folder is gone
    if (news->wd == parent_watch_) {
      folder_deleted(news->name);
    } else if ((news->mask & IN_Q_OVERFLOW) == 0) {
      announce(news->name);
    } else {  // the kernel could not keep all the news: any file may be new
      for (ExitRecord& record : ledger_.entries()) {
        if (is_news(record)) feed_.publish(std::move(record));
      }
    }
  }
}

/// If the ledger was deleted under us, and nothing runs: with the engine that started us gone, nobody is left to dismiss
/// us, and one that comes to these roots again starts a supervisor of its own.
void TaskTable::folder_deleted(const char* name) const {
  if (std::filesystem::path(ledger_.folder()).filename() != name || !empty()) return;
  log_line(LogLevel::warning, "the ledger is gone: ending");
  ::kill(::getpid(), SIGTERM);  // whoever waits for signals stops the server
}

void TaskTable::announce(const std::string& file) {
  const auto id = id_of_entry(file);
  const auto record = id ? ledger_.entry(*id) : std::nullopt;
  if (record && is_news(*record)) feed_.publish(*record);
}

/// A shim that has ended after its exit record was written is done. Without one it was killed: its container goes down with
/// it (PR_SET_PDEATHSIG; a second kill does no harm), and we write the record in its place.
void TaskTable::shim_ended(const TaskPtr& task) {
  reap(*task);
  // One that was never let run has no end: whoever set it up hears that it cannot be started.
  if (task->started || was_let_run(task->folder)) {
    send_signal(task->process, SIGKILL);
    ledger_.end(task->id, task->settings.started_at, 137, kShimKilled);
  }
  // From here on the ledger is all there is to know of it.
  const std::scoped_lock lock(mutex_);
  const auto found = tasks_.find(task->id);
  if (found != tasks_.end() && found->second == task) tasks_.erase(found);
}

}  // namespace slipway
