#include "timer.hpp"

namespace slipway {

Timer::~Timer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Timer::after(std::chrono::milliseconds pause, std::function<void()> work) {
  const std::scoped_lock lock(mutex_);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  due_.emplace(Clock::now() + pause, std::move(work));
  changed_.notify_all();
}

void Timer::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (due_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const Clock::time_point next = due_.begin()->first;
    if (next > Clock::now()) {
      changed_.wait_until(lock, next);
      continue;  // an earlier one may have come
    }
    const std::function<void()> work = std::move(due_.extract(due_.begin()).mapped());
    lock.unlock();
    work();
    lock.lock();
  }
}

}  // namespace slipway
