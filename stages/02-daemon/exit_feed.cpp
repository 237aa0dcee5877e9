#include "exit_feed.hpp"

#include <algorithm>
#include <chrono>

namespace slipway {
namespace {

constexpr std::size_t kRemembered = 4096;

}  // namespace

void ExitFeed::publish(ExitRecord record) {
  const std::scoped_lock lock(mutex_);
  items_.push_back({next_++, std::move(record)});
  if (items_.size() > kRemembered) items_.pop_front();
  changed_.notify_all();
}

std::uint64_t ExitFeed::next_number() const {
  const std::scoped_lock lock(mutex_);
  return next_;
}

std::optional<ExitFeed::Item> ExitFeed::next(std::uint64_t number, int milliseconds) const {
  std::unique_lock lock(mutex_);
  const bool there = changed_.wait_for(lock, std::chrono::milliseconds(milliseconds),
                                       [&] { return next_ > number; });
  if (!there) return std::nullopt;
  return *std::find_if(items_.begin(), items_.end(),
                       [&](const Item& item) { return item.number >= number; });
}

}  // namespace slipway
