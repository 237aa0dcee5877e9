#include "stdin_feeder.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {

StdinFeeder::StdinFeeder(EventLoop& loop, UniqueFd pipe, std::function<void()> drained)
    : loop_(loop), pipe_(std::move(pipe)), drained_(std::move(drained)) {}

StdinFeeder::~StdinFeeder() { shut(); }

void StdinFeeder::write(std::string_view bytes) {
  if (!pipe_) return;
  waiting_.append(bytes);
  flush();
}

void StdinFeeder::finish() {
  finishing_ = true;
  if (waiting_.empty()) shut();
}

void StdinFeeder::flush() {
  while (!waiting_.empty()) {
    const ssize_t count =
        retry_on_signal([&] { return ::write(pipe_.get(), waiting_.data(), waiting_.size()); });
    if (count < 0 && errno == EAGAIN) {
      if (!watched_) loop_.watch(pipe_.get(), EPOLLOUT, [this](std::uint32_t) { flush(); });
      watched_ = true;
      return;
    }
    if (count < 0) break;  // EPIPE: the container has closed its stdin
    waiting_.erase(0, static_cast<std::size_t>(count));
  }
  const bool was_full = std::exchange(watched_, false);
  if (was_full) loop_.forget(pipe_.get());
  if (!waiting_.empty() || finishing_) shut();
  if (was_full) drained_();
}

void StdinFeeder::shut() noexcept {
  waiting_.clear();
  if (watched_) loop_.forget(pipe_.get());
  watched_ = false;
  pipe_.reset();
}

}  // namespace slipway
