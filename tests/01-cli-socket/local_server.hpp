#pragma once
/// \file
/// A server of the library on a thread of this test, and a peer that speaks bare bytes to it.

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <functional>
#include <future>
#include <string>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/http_client.hpp"
#include "01-cli-socket/http_server.hpp"
#include "01-cli-socket/unix_socket.hpp"
#include "harness/harness.hpp"

namespace slipway::test {

/// Serves `handler` until the end of its life; then checks that serving ended well.
class LocalServer {
 public:
  explicit LocalServer(HttpServer::Handler handler, HttpLimits limits = {},
                       HttpHeaders headers = {})
      : server_("engine", std::move(handler), std::move(headers), limits) {
    std::vector<UniqueFd> listeners;
    listeners.push_back(listen_unix(path(), 0600));
    served_ = std::async(std::launch::async, [this, sockets = std::move(listeners)]() mutable {
      server_.run(std::move(sockets));
    });
  }
  ~LocalServer() {
    server_.stop();
    served_.wait();
  }

  [[nodiscard]] std::string path() const { return (folder_.path() / "socket").string(); }
  [[nodiscard]] HttpClient client() const { return HttpClient(path()); }

 private:
  TempFolder folder_;
  HttpServer server_;
  std::future<void> served_;
};

/// The other end of a connection, byte by byte. Reads end after ten seconds of silence.
class RawPeer {
 public:
  explicit RawPeer(UniqueFd fd) : fd_(std::move(fd)) {}
  explicit RawPeer(const LocalServer& server) : fd_(connect_unix(server.path())) {}

  RawPeer& send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0) break;  // the other side is gone: what it said before counts
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return *this;
  }
  RawPeer& end() {
    ::shutdown(fd_.get(), SHUT_WR);
    return *this;
  }
  /// All until the other side closes.
  std::string read_all() {
    while (read_more()) {
    }
    return std::exchange(got_, {});
  }
  /// All up to and with `text`; what came behind it stays for the next call.
  std::string read_until(std::string_view text) {
    std::size_t at = got_.find(text);
    while (at == std::string::npos && read_more()) at = got_.find(text);
    const std::string found = got_.substr(0, at == std::string::npos ? at : at + text.size());
    got_.erase(0, found.size());
    return found;
  }
  /// That many bytes, or less if the other side closes.
  std::string read(std::size_t size) {
    while (got_.size() < size && read_more()) {
    }
    const std::string found = got_.substr(0, size);
    got_.erase(0, found.size());
    return found;
  }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  bool read_more() {
    pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, 10'000) <= 0) return false;
    std::array<char, 65536> buffer;
    const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (count > 0) got_.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0;
  }
  UniqueFd fd_;
  std::string got_;
};

/// A server that is none: says `answer` to whoever connects, once per connection, and closes.
class BrokenServer {
 public:
  explicit BrokenServer(std::string answer, int connections = 1)
      : listener_(listen_unix(path(), 0600)),
        serving_(std::async(std::launch::async, [this, text = std::move(answer), connections] {
          for (int i = 0; i < connections; ++i) {
            RawPeer peer(accept_unix(listener_.get()));
            peer.read_until("\r\n\r\n");
            peer.send(text);
          }
        })) {}
  ~BrokenServer() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    serving_.wait();
  }
  [[nodiscard]] std::string path() const { return (folder_.path() / "socket").string(); }

 private:
  TempFolder folder_;
  UniqueFd listener_;
  std::future<void> serving_;
};

/// Answers with what was asked: method, target, body. For tests of the wire.
inline void echo_request(Exchange& exchange) {
  const std::string body = exchange.read_body();
  const HttpRequest& request = exchange.request();
  exchange.respond({.status = 200,
                    .headers = {{"Content-Type", "text/plain"}},
                    .body = request.method + " " + request.target + " [" + body + "]"});
}

/// The status of an answer's first line.
inline int status_of(const std::string& answer) {
  return answer.size() > 12 && answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}

}  // namespace slipway::test
