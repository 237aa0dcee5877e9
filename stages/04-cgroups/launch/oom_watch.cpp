#include "oom_watch.hpp"

#include <fcntl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <sstream>

#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/human_text.hpp"

namespace slipway {
namespace {

constexpr long kPauseNs = 5'000'000;
constexpr int kMostLooks = 200;  // a second in all

/// All that the kernel's log holds now: /dev/kmsg gives a record at each read(2).
std::string kernel_log() {
  const UniqueFd file(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  std::string log;
  std::array<char, 8192> record;
  while (file) {
    const ssize_t size = ::read(file.get(), record.data(), record.size());
    if (size < 0 && errno == EPIPE) continue;  // overwritten before we came to it
    if (size <= 0) break;
    log.append(record.data(), static_cast<std::size_t>(size));
  }
  return log;
}

/// What stands behind `key` up to a comma, a space or the end.
std::string value_behind(const std::string& line, const std::string& key) {
  const std::size_t at = line.find(key);
  if (at == line.npos) return {};
  const std::size_t begin = at + key.size();
  return line.substr(begin, line.find_first_of(", \n", begin) - begin);
}

void drain(const UniqueFd& fd) {
  std::array<char, 4096> news;
  while (::read(fd.get(), news.data(), news.size()) > 0) {
  }
}

}  // namespace

std::string victim_in(const std::string& log, const std::string& cgroup_path) {
  std::istringstream lines(log);
  std::string pid, name, size;
  for (std::string line; std::getline(lines, line);) {
    const std::string group = value_behind(line, "task_memcg=");
    if (group == cgroup_path || group.starts_with(cgroup_path + "/")) {
      name = value_behind(line, "task=");
      pid = value_behind(line, ",pid=");
      size.clear();
    } else if (!pid.empty() && line.find("Killed process " + pid + " ") != line.npos) {
      size = value_behind(line, "anon-rss:");
    }
  }
  if (name.empty()) return {};
  std::uint64_t kib = 0;
  std::from_chars(size.data(), size.data() + size.size(), kib);
  return name + " (pid " + pid +
         (kib > 0 ? ", " + binary_size(static_cast<double>(kib) * 1024) : "") + ")";
}

std::string oom_text(const OomCount& count, const std::string& victim) {
  std::string text = "out of memory: the kernel killed " +
                     (victim.empty() ? "a process of the container" : victim);
  if (count.kills > 1) text += ", the last of " + std::to_string(count.kills);
  if (count.limit) text += "; limit " + binary_size(static_cast<double>(*count.limit));
  if (count.peak > 0) text += ", most used " + binary_size(static_cast<double>(count.peak));
  return text;
}

void OomWatch::begin(LaunchContext& context, const Cgroup& cgroup, const std::string& path) {
  cgroup_ = &cgroup;
  path_ = path;
  if (!context.watch) return;
  alarm_ = cgroup.oom_alarm();
  if (!alarm_) return;
  context.watch(alarm_.get(), [this, &context] {
    drain(alarm_);
    looks_ = 0;
    look(context);
  });
}

/// Version 1 rings before it kills: look again until the count has changed.
void OomWatch::look(LaunchContext& context) {
  try {
    if (count(context)) return context.tell();
    if (++looks_ > kMostLooks) return;
    if (!timer_) {
      timer_.reset(
          check(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create"));
      context.watch(timer_.get(), [this, &context] {
        drain(timer_);
        look(context);
      });
    }
    look_again_soon();
  } catch (const std::exception& error) {
    log_line(LogLevel::error, std::string("watching memory: ") + error.what());
  }
}

void OomWatch::look_again_soon() {
  const itimerspec soon{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = kPauseNs}};
  check(::timerfd_settime(timer_.get(), 0, &soon, nullptr), "timerfd_settime");
}

//@region count
/// True if there is news. The last count is taken before the cgroup goes (04-I6).
bool OomWatch::count(LaunchContext& context) {
  //@exercise 04.4 Note what the kernel has counted, if it is more than we knew
  //@hint  context.observed holds what we knew, and goes into the exit record
  const OomCount now = cgroup_->oom_count();
  if (now.kills <= context.observed.oom_kills) return false;
  context.observed.oom_kills = now.kills;
  context.observed.reason = oom_text(now, victim_in(kernel_log(), path_));
  return true;
  //@end
}
//@endregion

void OomWatch::end(LaunchContext& context) noexcept {
  if (cgroup_ == nullptr) return;
  try {
    for (UniqueFd* fd : {&alarm_, &timer_}) {
      if (*fd) context.unwatch(fd->get());
      fd->reset();
    }
    count(context);
  } catch (const std::exception& error) {
    log_line(LogLevel::error, std::string("watching memory: ") + error.what());
  }
}

}  // namespace slipway
