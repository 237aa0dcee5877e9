#include "workers.hpp"

#include <exception>
#include <thread>

#include "01-cli-socket/log_line.hpp"

namespace slipway {

Workers::~Workers() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return running_ == 0; });
}

void Workers::run(std::string what, std::function<void()> work) {
  {
    const std::scoped_lock lock(mutex_);
    ++running_;
  }
  std::thread([this, what = std::move(what), work = std::move(work)] {
    try {
      work();
    } catch (const std::exception& error) {
      log_line(LogLevel::error, what + ": " + error.what());
    }
    const std::scoped_lock lock(mutex_);
    --running_;
    idle_.notify_all();
  }).detach();
}

}  // namespace slipway
