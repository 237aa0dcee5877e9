#pragma once
/// \file
/// News of ended containers, from the supervisor's watcher to everybody who listens (`GET /events`).

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "task_files.hpp"

namespace slipway {

/// A short memory of exits with a running number each. A listener that falls behind further than the memory reaches reads
/// the ledger again, as it does when it connects: news is a hint, the files are the truth. Thread-safe.
class ExitFeed {
 public:
  struct Item {
    std::uint64_t number;
    ExitRecord record;
  };

  void publish(ExitRecord record);
  /// The number that the next exit will get.
  [[nodiscard]] std::uint64_t next_number() const;
  /// The first exit with at least this number; waits up to `milliseconds` for it.
  [[nodiscard]] std::optional<Item> next(std::uint64_t number, int milliseconds) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<Item> items_;
  std::uint64_t next_ = 1;
};

}  // namespace slipway
