#pragma once
/// \file
/// Work that nobody waits for, on a thread each; the end waits for all of it.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

namespace slipway {

/// Thread-safe.
class Workers {
 public:
  Workers() = default;
  /// Waits for all.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// Runs `work` on a new thread; what it throws is logged with `what`.
  void run(std::string what, std::function<void()> work);

 private:
  std::mutex mutex_;
  std::condition_variable idle_;
  int running_ = 0;
};

}  // namespace slipway
