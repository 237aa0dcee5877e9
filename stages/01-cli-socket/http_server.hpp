#pragma once
/// \file
/// The server's side of HTTP/1.1 over unix sockets: blocking code, one thread per connection, so that a
/// conversation reads from top to bottom. Boost.Beast parses; it is seen only in http_server.cpp and
/// http_client.cpp, through fd_stream.hpp.
///
/// Two ways in:
///   - HttpServer: threads. For the engine and the supervisor.
///   - HttpRequestParser and serialize(): no threads, no sockets. For the shim, which has one epoll loop.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http_message.hpp"
#include "raw_stream.hpp"
#include "trace.hpp"

namespace slipway {

/// What a server accepts before it says no.
struct HttpLimits {
  std::size_t header_bytes = 1024 * 1024;  ///< request line and headers together (else 431)
  std::size_t body_bytes =
      16 * 1024 * 1024;     ///< a body read whole (else 413); streamed bodies have none
  int header_seconds = 30;  ///< from a head's first byte to its last (else 408)
  int body_seconds = 300;   ///< the longest silence within a body
};

/// One request and its answer, for one handler, on one thread.
///
/// A handler answers exactly once: `respond`, or `begin_stream` … `end_stream`, or `hijack`.
/// If it throws before answering, the server answers (ApiError: its status and message; else 500).
class Exchange {
 public:
  virtual ~Exchange() = default;

  /// The head. `body` is empty until `read_body`.
  [[nodiscard]] virtual const HttpRequest& request() const = 0;
  /// What the route's `{name}` matched, decoded; "" for a name that the route does not have.
  [[nodiscard]] std::string parameter(std::string_view name) const;
  /// The trace of this request; off unless the client asked for one.
  [[nodiscard]] virtual Trace& trace() = 0;

  /// Reads the whole body. \throws ApiError 413 over the server's limit, 400 for a broken or half body
  virtual const std::string& read_body() = 0;
  /// Reads the next part of the body into `buffer`; 0 at the end. No limit in total.
  /// \throws ApiError 400 if the body breaks off
  virtual std::size_t read_body_some(std::span<char> buffer) = 0;

  /// Answers. `Content-Length` and the server's standard headers are added here.
  virtual void respond(HttpResponse response) = 0;

  /// Sends status and headers at once (flushed: Docker's clients wait for them), then chunks.
  virtual void begin_stream(HttpResponse head) = 0;
  /// Sends one chunk; an empty one is skipped. \throws SysError if the client is gone
  virtual void write_chunk(std::string_view bytes) = 0;
  /// Ends the stream (with the trace's steps as a trailer).
  virtual void end_stream() = 0;

  /// Takes the connection out of HTTP. Writes `101 UPGRADED` if the client sent `Upgrade`, else `200 OK`, with
  /// this Content-Type, in a write of its own (docker-py loses bytes that come in the same segment).
  virtual RawStream hijack(std::string_view content_type) = 0;

  /// True once an answer has begun.
  [[nodiscard]] virtual bool answered() const = 0;
  /// The connection's descriptor, to poll for a client that left (POLLHUP; POLLRDHUP is only a half-close).
  [[nodiscard]] virtual int fd() const = 0;

  /// Set by the router.
  void set_parameters(std::vector<std::pair<std::string, std::string>> parameters) {
    parameters_ = std::move(parameters);
  }

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

/// Reads a request body that must be JSON or empty. \throws ApiError 400 (wrong Content-Type, bad JSON, no object)
nlohmann::json read_json_body(Exchange& exchange);

/// Serves connections from listening sockets. `run` blocks; `stop` may be called from any thread or from a
/// signal handler's thread.
class HttpServer {
 public:
  using Handler = std::function<void(Exchange&)>;

  /// \param box      the box's name in traces ("engine")
  /// \param handler  called on the connection's thread for each request; must be thread-safe
  /// \param headers  added to every answer
  HttpServer(std::string box, Handler handler, HttpHeaders headers = {}, HttpLimits limits = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Accepts on all `listeners` (owned from now on) until `stop()`, then closes them, shuts every connection down and
  /// waits for the threads. \throws SysError if polling fails
  void run(std::vector<UniqueFd> listeners);
  /// Makes `run` return.
  void stop() noexcept;
  /// True after `stop()`: long handlers look at it.
  [[nodiscard]] bool stopping() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Turns bytes into requests, for a program that has its own event loop. Whole small bodies only.
class HttpRequestParser {
 public:
  explicit HttpRequestParser(HttpLimits limits = {});
  ~HttpRequestParser();
  HttpRequestParser(HttpRequestParser&&) noexcept;

  /// Takes more bytes; returns the request once it is whole. \throws ApiError 400, 413 or 431
  std::optional<HttpRequest> feed(std::string_view bytes);
  /// The bytes that came behind the request.
  [[nodiscard]] std::string take_rest();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The answer as bytes for the wire, with Content-Length (none for 101, 204 and 304).
std::string serialize(const HttpResponse& response);

}  // namespace slipway
