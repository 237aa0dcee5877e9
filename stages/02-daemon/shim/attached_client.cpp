#include "attached_client.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {

AttachedClient::AttachedClient(EventLoop& loop, RawStream stream, AttachOptions options,
                               StdinFeeder& feeder, std::string spool_folder)
    : loop_(loop),
      stream_(std::move(stream)),
      options_(std::move(options)),
      feeder_(feeder),
      queue_(std::move(spool_folder)),
      detach_(options_.detach_keys),
      reading_(options_.in) {
  loop_.watch(stream_.fd(), 0, [this](std::uint32_t events) { on_events(events); });
  const std::string early = stream_.take_early();
  if (options_.in && !early.empty()) take_input(early);
  update_interest();
}

AttachedClient::~AttachedClient() { loop_.forget(stream_.fd()); }

void AttachedClient::output(StdioStream stream, std::string_view bytes) {
  const bool wanted = stream == StdioStream::out ? options_.out : options_.err;
  if (gone_ || !wanted) return;
  try {
    if (options_.framed) {
      queue_.push(encode_frame(stream, bytes));
    } else {
      queue_.push(bytes);
    }
  } catch (const SysError&) {  // no room to keep its output: cut the client, not the container
    return leave();
  }
  flush();
}

void AttachedClient::finish() {
  finishing_ = true;
  flush();
}

void AttachedClient::resume() { update_interest(); }

void AttachedClient::on_events(std::uint32_t events) {
  if (events & EPOLLERR) return leave();
  if (events & EPOLLIN) read_input();
  // EPOLLHUP is a full close; a client that only ended its own half (EPOLLRDHUP) still wants output.
  if (events & EPOLLHUP) {
    if (reading_) input_ended();
    return leave();
  }
  if (events & EPOLLOUT) flush();
}

void AttachedClient::read_input() {
  std::array<char, 65536> buffer;
  const ssize_t count = ::recv(stream_.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    input_ended();
  } else {
    take_input({buffer.data(), static_cast<std::size_t>(count)});
  }
  update_interest();
}

void AttachedClient::take_input(std::string_view bytes) {
  feeder_.write(detach_.pass(bytes));
  if (detach_.detached()) leave();
}

void AttachedClient::input_ended() {
  reading_ = false;
  feeder_.write(detach_.take_held());
  if (options_.closes_stdin) feeder_.finish();
}

void AttachedClient::flush() noexcept {
  if (gone_) return;
  try {
    queue_.flush_to(stream_.fd());
    if (queue_.empty() && finishing_) return leave();
    update_interest();
  } catch (const SysError&) {  // the client is gone
    leave();
  }
}

void AttachedClient::update_interest() {
  if (gone_) return;
  const std::uint32_t in = reading_ && feeder_.ready() ? static_cast<std::uint32_t>(EPOLLIN) : 0U;
  const std::uint32_t out = queue_.empty() ? 0U : static_cast<std::uint32_t>(EPOLLOUT);
  loop_.change(stream_.fd(), in | out);
}

void AttachedClient::leave() noexcept {
  if (std::exchange(gone_, true)) return;
  loop_.forget(stream_.fd());
  ::shutdown(stream_.fd(), SHUT_WR);
}

}  // namespace slipway
