#include "event_loop.hpp"

#include <sys/epoll.h>

#include <array>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {

EventLoop::EventLoop() : epoll_(check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {}

void EventLoop::watch(int fd, std::uint32_t events, Handler handler) {
  epoll_event event{.events = events, .data = {.fd = fd}};
  check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), "epoll_ctl", "add");
  handlers_[fd] = std::make_shared<Handler>(std::move(handler));
}

void EventLoop::change(int fd, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.fd = fd}};
  check(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event), "epoll_ctl", "modify");
}

void EventLoop::forget(int fd) noexcept {
  if (handlers_.erase(fd) > 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

bool EventLoop::run_once(int timeout_ms) {
  std::array<epoll_event, 16> ready{};
  const int count = retry_on_signal(
      [&] { return ::epoll_wait(epoll_.get(), ready.data(), ready.size(), timeout_ms); });
  check(count, "epoll_wait");
  for (int i = 0; i < count; ++i) {
    const auto found = handlers_.find(ready[i].data.fd);
    if (found == handlers_.end()) continue;  // forgotten by a handler before it
    const std::shared_ptr<Handler> handler = found->second;
    (*handler)(ready[i].events);
  }
  return count > 0;
}

}  // namespace slipway
