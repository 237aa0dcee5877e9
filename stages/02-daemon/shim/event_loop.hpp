#pragma once
/// \file
/// One thread that waits for many descriptors: epoll(7). The shim's heart.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// Calls a handler when a descriptor is ready. Not thread-safe. Handlers may watch, change and forget any descriptor, their
/// own too. A descriptor must be forgotten before it is closed.
class EventLoop {
 public:
  using Handler = std::function<void(std::uint32_t events)>;

  /// \throws SysError
  EventLoop();
  /// \param events  EPOLLIN, EPOLLOUT, or 0 (only hang-up and error are reported, always)
  void watch(int fd, std::uint32_t events, Handler handler);
  void change(int fd, std::uint32_t events);
  /// Nothing if it is not watched.
  void forget(int fd) noexcept;
  /// Waits for the next events and handles them. \param timeout_ms  -1: for ever
  /// \returns false if there were none in that time
  bool run_once(int timeout_ms);

 private:
  UniqueFd epoll_;
  std::map<int, std::shared_ptr<Handler>> handlers_;
};

}  // namespace slipway
