#pragma once
/// \file
/// The shim's socket: HTTP for one thread that must not wait. A request is handed on once it is whole, with the connection
/// that its answer goes to, now or later.

#include <functional>
#include <map>
#include <string>

#include "01-cli-socket/http_server.hpp"
#include "01-cli-socket/raw_stream.hpp"
#include "event_loop.hpp"

namespace slipway {

/// The one answer to a request. Movable; dropped without an answer it closes the connection.
class ShimReply {
 public:
  ShimReply(UniqueFd connection, std::string rest)
      : connection_(std::move(connection)), rest_(std::move(rest)) {}

  /// Answers and closes. Answers are small: one that does not fit into the socket's buffer is cut.
  void send(HttpResponse response);
  /// Answers 101: from here on the connection is a stream of bytes.
  RawStream upgrade(std::string_view content_type, const HttpHeaders& more = {});

 private:
  UniqueFd connection_;
  std::string rest_;  ///< what came behind the request
};

/// Not thread-safe.
class ShimDoor {
 public:
  /// What the handler throws becomes the answer, as long as it has not moved the reply away.
  using Handler = std::function<void(const HttpRequest&, ShimReply&)>;

  /// Listens on the unix socket at `path`, mode 0600. \throws SysError
  ShimDoor(EventLoop& loop, const std::string& path, Handler handler);

  /// From now on requests are taken.
  void open();
  /// Gives up the descriptor that is kept for `turn_away`, for somebody who needs one now.
  void lend_descriptor() { spare_.reset(); }
  void take_descriptor_back();

 private:
  struct Connection {
    UniqueFd fd;
    HttpRequestParser parser;
  };
  void accept_connection();
  void turn_away();
  void read_request(int fd);
  void answer(Connection connection, const HttpRequest& request);

  EventLoop& loop_;
  UniqueFd listener_;
  Handler handler_;
  std::map<int, Connection> connections_;
  UniqueFd spare_;  ///< a descriptor to give up when there are none left
};

}  // namespace slipway
