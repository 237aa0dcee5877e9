#pragma once
/// \file
/// News for everybody who listens: a short memory of values with a running number each.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

namespace slipway {

/// A publisher never waits for a listener: one that falls behind further than the memory reaches misses what fell out of
/// it. So news is a hint, and files are the truth. Thread-safe.
template <class Value>
class Feed {
 public:
  struct Item {
    std::uint64_t number;
    Value value;
  };

  /// \param remembered  how many values are kept for those who come late
  explicit Feed(std::size_t remembered) : remembered_(remembered) {}

  void publish(Value value) {
    const std::scoped_lock lock(mutex_);
    items_.push_back({next_++, std::move(value)});
    if (items_.size() > remembered_) items_.pop_front();
    changed_.notify_all();
  }

  /// The number that the next value will get.
  [[nodiscard]] std::uint64_t next_number() const {
    const std::scoped_lock lock(mutex_);
    return next_;
  }

  /// The first value with at least this number; waits up to `milliseconds` for it.
  [[nodiscard]] std::optional<Item> next(std::uint64_t number, int milliseconds) const {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::milliseconds(milliseconds),
                           [&] { return next_ > number; })) {
      return std::nullopt;
    }
    const std::uint64_t oldest = items_.front().number;
    return items_[number > oldest ? static_cast<std::size_t>(number - oldest) : 0];
  }

 private:
  const std::size_t remembered_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<Item> items_;
  std::uint64_t next_ = 1;
};

}  // namespace slipway
