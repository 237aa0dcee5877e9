#pragma once
/// \file
/// The client's side of HTTP/1.1 over unix sockets, blocking. Boost.Beast is seen only in http_client.cpp.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "http_message.hpp"
#include "raw_stream.hpp"
#include "trace.hpp"

namespace slipway {

/// An answer whose body is still arriving. Its connection is its own.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  /// Status and headers; `body` is empty.
  [[nodiscard]] virtual const HttpResponse& head() const = 0;
  /// The next part of the body; 0 at the end (then trailers, if any, are in `head().headers`).
  /// \throws SysError or std::runtime_error if it breaks off
  virtual std::size_t read_some(std::span<char> buffer) = 0;
  /// The rest of the body.
  std::string read_all();
  /// The socket, to shut it down from another thread.
  [[nodiscard]] virtual int fd() const = 0;
};

/// Yields a request body in parts: fills `buffer`, returns the number of bytes, 0 at the end.
using BodySource = std::function<std::size_t(std::span<char> buffer)>;

/// A client of one box. One thread at a time. Plain requests share a kept-alive connection, made at the
/// first request and again if the server closed it; streams and upgrades get a connection each.
class HttpClient {
 public:
  /// \param socket_path  the box's unix socket
  explicit HttpClient(std::string socket_path);
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;

  /// Headers sent with every request.
  HttpHeaders headers;
  /// The longest silence of the server that a request bears, in milliseconds; -1 for ever.
  int patience_ms = -1;
  /// If set and on, the trace header goes out, and the steps that come back are added to it.
  Trace* trace = nullptr;

  /// Sends a request and reads the whole answer, whatever its status.
  /// \throws SysError if there is nobody at the socket; std::runtime_error if the answer is no HTTP
  HttpResponse request(std::string_view method, std::string_view target, std::string_view body = {},
                       std::string_view content_type = "application/json");
  /// Sends a request and returns when the answer's head is here.
  /// \param source  the body, sent chunked; none if empty
  std::unique_ptr<HttpStream> open(std::string_view method, std::string_view target,
                                   std::string_view body = {}, BodySource source = {},
                                   std::string_view content_type = "application/json");
  /// Asks for an upgrade to a raw stream. \throws ApiError with the server's status and message if it declines
  RawStream upgrade(std::string_view method, std::string_view target, std::string_view body = {});

  [[nodiscard]] const std::string& socket_path() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The "message" of an error answer, or its raw body, or its reason phrase.
std::string error_message(const HttpResponse& response);
/// Throws ApiError with the answer's status and message if the status is 400 or more.
void throw_if_error(const HttpResponse& response);

}  // namespace slipway
