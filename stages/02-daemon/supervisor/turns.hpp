#pragma once
/// \file
/// One at a time, for each id.

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace slipway {

/// Requests about the same task take turns: an engine that was killed may have left one under way when the next engine asks.
/// Thread-safe.
class Turns {
 public:
  /// While it lives, nobody else has a turn for the same id.
  class Turn {
   public:
    ~Turn() {
      if (turns_) turns_->give_back(id_);
    }
    Turn(Turn&& other) noexcept
        : turns_(std::exchange(other.turns_, nullptr)), id_(std::move(other.id_)) {}
    Turn& operator=(Turn&&) = delete;
    explicit operator bool() const noexcept { return turns_ != nullptr; }

   private:
    friend class Turns;
    Turn(Turns* turns, std::string id) : turns_(turns), id_(std::move(id)) {}
    Turns* turns_;
    std::string id_;
  };

  /// Waits until nobody has it. There is no order among those who wait.
  [[nodiscard]] Turn take(const std::string& id) {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return taken_.insert(id).second; });
    return {this, id};
  }
  /// False if somebody has it.
  [[nodiscard]] Turn try_take(const std::string& id) {
    const std::scoped_lock lock(mutex_);
    return {taken_.insert(id).second ? this : nullptr, id};
  }

 private:
  void give_back(const std::string& id) {
    const std::scoped_lock lock(mutex_);
    taken_.erase(id);
    ended_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable ended_;
  std::set<std::string> taken_;
};

}  // namespace slipway
