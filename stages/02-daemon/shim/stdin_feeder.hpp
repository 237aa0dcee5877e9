#pragma once
/// \file
/// The way of bytes from attached clients to the container's stdin. A container that does not read holds its clients
/// back, and nobody else.

#include <functional>
#include <string>
#include <string_view>

#include "01-cli-socket/unique_fd.hpp"
#include "event_loop.hpp"

namespace slipway {

/// Owns the writing end of stdin. Not thread-safe.
class StdinFeeder {
 public:
  /// \param pipe     the non-blocking end, or none
  /// \param drained  called when bytes can be taken again
  StdinFeeder(EventLoop& loop, UniqueFd pipe, std::function<void()> drained);
  ~StdinFeeder();
  StdinFeeder(const StdinFeeder&) = delete;
  StdinFeeder& operator=(const StdinFeeder&) = delete;

  /// Takes bytes; they are dropped if the container has closed its stdin.
  void write(std::string_view bytes);
  /// Closes stdin once all is written: the container reads the end.
  void finish();
  /// False while earlier bytes wait: stop reading from clients.
  [[nodiscard]] bool ready() const noexcept { return waiting_.empty(); }

 private:
  void flush();
  void shut() noexcept;

  EventLoop& loop_;
  UniqueFd pipe_;
  std::function<void()> drained_;
  std::string waiting_;
  bool watched_ = false;
  bool finishing_ = false;
};

}  // namespace slipway
