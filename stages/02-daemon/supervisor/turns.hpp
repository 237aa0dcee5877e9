#pragma once
/// \file
/// One at a time, for each id.

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>

namespace slipway {

/// Requests about the same task take turns: an engine that was killed may have left one under way when the next engine asks.
/// Thread-safe.
class Turns {
 public:
  /// While it lives, nobody else has a turn for the same id.
  class Turn {
   public:
    Turn(Turns& turns, std::string id) : turns_(turns), id_(std::move(id)) {
      std::unique_lock lock(turns_.mutex_);
      turns_.ended_.wait(lock, [this] { return turns_.taken_.insert(id_).second; });
    }
    ~Turn() {
      const std::scoped_lock lock(turns_.mutex_);
      turns_.taken_.erase(id_);
      turns_.ended_.notify_all();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Turns& turns_;
    std::string id_;
  };

  /// Waits for those who came before.
  [[nodiscard]] Turn take(const std::string& id) { return {*this, id}; }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::set<std::string> taken_;
};

}  // namespace slipway
