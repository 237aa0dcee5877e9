#pragma once
/// \file
/// A socket as Boost.Beast wants it (read_some, write_some), without Asio's sockets and its
/// reactor, and the reading of a message that server and client share. Only http_server.cpp and
/// http_client.cpp include this: it is a heavy header.

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <span>
#include <string>

#include "api_error.hpp"
#include "http_message.hpp"
#include "sys_error.hpp"
#include "trace.hpp"
#include "unique_fd.hpp"

namespace slipway {

namespace beast = boost::beast;
using BeastError = boost::beast::error_code;

/// A blocking byte stream over a borrowed descriptor, with a limit on how long one read may wait.
class FdStream {
 public:
  explicit FdStream(int fd) : fd_(fd) {}

  /// The longest wait of one read in milliseconds; -1 for ever. Over it a read fails with
  /// `timed_out`.
  void read_timeout(int milliseconds) { timeout_ms_ = milliseconds; }
  /// The moment (CLOCK_MONOTONIC, microseconds) after which no read waits, however many reads there
  /// are; 0 for none.
  void read_deadline(std::int64_t monotonic) { deadline_us_ = monotonic; }

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, BeastError& error) {
    error = {};
    const boost::asio::mutable_buffer first = *boost::asio::buffer_sequence_begin(buffers);
    if (first.size() == 0) return 0;
    pollfd waiting{.fd = fd_, .events = POLLIN, .revents = 0};
    const int ready = retry_on_signal([&] { return ::poll(&waiting, 1, wait_ms()); });
    if (ready == 0) error = boost::asio::error::timed_out;
    if (ready <= 0) return 0;
    const ssize_t count =
        retry_on_signal([&] { return ::recv(fd_, first.data(), first.size(), 0); });
    if (count < 0) error.assign(errno, boost::system::system_category());
    if (count == 0) error = boost::asio::error::eof;
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {
    BeastError error;
    const std::size_t count = read_some(buffers, error);
    if (error) throw boost::system::system_error(error);
    return count;
  }

 private:
  [[nodiscard]] int wait_ms() const {
    if (deadline_us_ == 0) return timeout_ms_;
    return static_cast<int>(std::max<std::int64_t>(deadline_us_ - monotonic_us(), 0) / 1000);
  }

  int fd_;
  int timeout_ms_ = -1;
  std::int64_t deadline_us_ = 0;
};

/// Sends all bytes. \throws SysError (EPIPE: the peer is gone; no signal)
inline void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        retry_on_signal([&] { return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL); });
    bytes.remove_prefix(static_cast<std::size_t>(check(count, "send", "http connection")));
  }
}

/// One chunk of a chunked body (RFC 9112 7.1).
inline std::string encode_chunk(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string size;
  for (std::size_t rest = bytes.size(); rest > 0; rest /= 16) size.insert(0, 1, kHex[rest % 16]);
  std::string chunk;
  chunk.reserve(size.size() + bytes.size() + 4);
  return chunk.append(size).append("\r\n").append(bytes).append("\r\n");
}

/// How much of a body is read at a time. Beast reads as much as its buffer has room for, and that is 512 bytes in a new
/// one: 100 MB would take 200,000 reads.
inline constexpr std::size_t kBodyReadSize = 64 * 1024;

/// The next part of a message's body; 0 at its end.
template <class Parser>
std::size_t read_body_part(FdStream& stream, beast::flat_buffer& early, Parser& parser,
                           std::span<char> buffer, BeastError& error) {
  auto& body = parser.get().body();
  body.data = buffer.data();
  body.size = buffer.size();
  body.more = true;
  if (!parser.is_done()) early.reserve(kBodyReadSize);
  while (!parser.is_done() && body.size == buffer.size()) {
    beast::http::read_some(stream, early, parser, error);
    if (error == beast::http::error::need_buffer) error = {};
    if (error) return 0;
  }
  return buffer.size() - body.size;
}

/// Copies Beast's fields into ours.
template <class Fields>
HttpHeaders headers_of(const Fields& fields) {
  HttpHeaders headers;
  for (const auto& field : fields) headers.add(field.name_string(), field.value());
  return headers;
}

/// Takes what was read beyond the message.
inline std::string take_early(beast::flat_buffer& buffer) {
  std::string early(static_cast<const char*>(buffer.data().data()), buffer.size());
  buffer.consume(buffer.size());
  return early;
}

}  // namespace slipway
