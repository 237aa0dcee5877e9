#pragma once
/// \file
/// Things to do later, all on one thread: a thousand that wait cost no more than one.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace slipway {

/// Thread-safe. What has not come due when it is destroyed is dropped.
class Timer {
 public:
  Timer() = default;
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Calls `work` once that time is over, on the timer's thread: it must be short and throw nothing.
  void after(std::chrono::milliseconds pause, std::function<void()> work);

 private:
  using Clock = std::chrono::steady_clock;
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<Clock::time_point, std::function<void()>> due_;
  bool stopping_ = false;
  std::thread thread_;  ///< started by the first use
};

}  // namespace slipway
