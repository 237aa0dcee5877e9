#include "http_client.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "fd_stream.hpp"
#include "unix_socket.hpp"

namespace slipway {

namespace http = boost::beast::http;
using Parser = http::response_parser<http::buffer_body>;

namespace {

/// The server closed the connection before the first byte of an answer.
struct ClosedBeforeAnswer : std::runtime_error {
  ClosedBeforeAnswer() : std::runtime_error("the server closed the connection without an answer") {}
};

/// The client's side of one connection.
class ClientConnection {
 public:
  explicit ClientConnection(UniqueFd fd) : fd_(std::move(fd)), stream_(fd_.get()) {}

  void send(std::string_view bytes) { send_all(fd_.get(), bytes); }
  void read_timeout(int milliseconds) { stream_.read_timeout(milliseconds); }
  /// A server may answer and hang up while we still send ("413"): what counts is its answer, to be read next.
  void send_unless_refused(std::string_view bytes) {
    try {
      send(bytes);
    } catch (const SysError& error) {
      if (!error.is(EPIPE) && !error.is(ECONNRESET)) throw;
    }
  }

  HttpResponse read_head(bool without_body) {
    parser_.emplace();
    parser_->header_limit(16 * 1024 * 1024);
    parser_->body_limit(boost::none);
    parser_->skip(without_body);
    BeastError error;
    http::read_header(stream_, early_, *parser_, error);
    if (error == http::error::end_of_stream || error == boost::asio::error::connection_reset) {
      throw ClosedBeforeAnswer();
    }
    if (error) throw std::runtime_error("reading the answer: " + error.message());
    return {.status = static_cast<int>(parser_->get().result_int()),
            .headers = headers_of(parser_->get())};
  }

  std::size_t read_body(std::span<char> buffer) {
    BeastError error;
    const std::size_t count = read_body_part(stream_, early_, *parser_, buffer, error);
    if (error) throw std::runtime_error("the answer broke off: " + error.message());
    return count;
  }

  /// True if the server has closed the connection since its last answer (or sent what nobody asked for).
  [[nodiscard]] bool stale() const {
    pollfd now{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&now, 1, 0) != 0;
  }

  /// Headers and, after the end of the body, trailers.
  [[nodiscard]] HttpHeaders headers() const { return headers_of(parser_->get()); }
  [[nodiscard]] bool keep_alive() const { return parser_->get().keep_alive(); }
  [[nodiscard]] int fd() const { return fd_.get(); }
  RawStream take() { return {std::move(fd_), take_early(early_)}; }

 private:
  UniqueFd fd_;
  FdStream stream_;
  beast::flat_buffer early_;
  std::optional<Parser> parser_;
};

class ClientStream final : public HttpStream {
 public:
  ClientStream(std::unique_ptr<ClientConnection> connection, HttpResponse head, Trace* trace)
      : connection_(std::move(connection)), head_(std::move(head)), trace_(trace) {}

  const HttpResponse& head() const override { return head_; }
  int fd() const override { return connection_->fd(); }

  std::size_t read_some(std::span<char> buffer) override {
    const std::size_t count = connection_->read_body(buffer);
    if (count == 0 && trace_) {
      trace_->add(steps_from_text(connection_->headers().get(kStepsHeader)));
      trace_ = nullptr;
    }
    return count;
  }

 private:
  std::unique_ptr<ClientConnection> connection_;
  HttpResponse head_;
  Trace* trace_;
};

std::string read_rest(ClientConnection& connection) {
  std::string body;
  std::array<char, 16384> buffer;
  while (const std::size_t count = connection.read_body(buffer)) body.append(buffer.data(), count);
  return body;
}

void send_chunked(ClientConnection& connection, const BodySource& source) {
  std::array<char, 65536> buffer;
  try {
    while (const std::size_t count = source(buffer)) {
      connection.send(encode_chunk({buffer.data(), count}));
    }
  } catch (const SysError& error) {
    if (!error.is(EPIPE) && !error.is(ECONNRESET)) throw;
    return;  // the server has answered and hung up; read why
  }
  connection.send_unless_refused("0\r\n\r\n");
}

}  // namespace

std::string HttpStream::read_all() {
  std::string body;
  std::array<char, 16384> buffer;
  while (const std::size_t count = read_some(buffer)) body.append(buffer.data(), count);
  return body;
}

struct HttpClient::State {
  std::string socket_path;
  std::optional<ClientConnection> kept;
};

namespace {

/// What is not visible ASCII would end the target, or the line, and begin something of its own.
void check_request_line(std::string_view method, std::string_view target) {
  const auto hidden = [](char c) { return c <= ' ' || c > '~'; };
  if (target.starts_with('/') && std::none_of(target.begin(), target.end(), hidden) &&
      !method.empty() && std::none_of(method.begin(), method.end(), hidden)) {
    return;
  }
  throw std::runtime_error("cannot send '" + std::string(method) + " " + std::string(target) +
                           "': encode spaces and special characters as %XX, begin paths with '/'");
}

std::string request_head(const HttpClient& client, std::string_view method, std::string_view target,
                         HttpHeaders own) {
  check_request_line(method, target);
  HttpHeaders headers{{"Host", "localhost"}};
  for (const auto& [name, value] : client.headers) headers.set(name, value);
  for (const auto& [name, value] : own) headers.set(name, value);
  if (client.trace && client.trace->on()) headers.set(kTraceHeader, client.trace->id());
  return serialize_head(std::string(method) + " " + std::string(target) + " HTTP/1.1", headers);
}

HttpHeaders body_headers(std::string_view body, std::string_view content_type) {
  HttpHeaders headers{{"Content-Length", std::to_string(body.size())}};
  if (!body.empty()) headers.add("Content-Type", content_type);
  return headers;
}

}  // namespace

HttpClient::HttpClient(std::string socket_path) : state_(std::make_unique<State>()) {
  state_->socket_path = std::move(socket_path);
}

HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

const std::string& HttpClient::socket_path() const noexcept { return state_->socket_path; }

HttpResponse HttpClient::request(std::string_view method, std::string_view target,
                                 std::string_view body, std::string_view content_type) {
  const std::string bytes =
      request_head(*this, method, target, body_headers(body, content_type)) + std::string(body);
  const auto ask = [&] {
    if (state_->kept && state_->kept->stale()) state_->kept.reset();
    if (!state_->kept) state_->kept.emplace(connect_unix(state_->socket_path));
    state_->kept->read_timeout(patience_ms);
    state_->kept->send_unless_refused(bytes);
    HttpResponse response = state_->kept->read_head(method == "HEAD");
    response.body = read_rest(*state_->kept);
    return response;
  };
  const bool reused = state_->kept.has_value();
  HttpResponse response;
  try {
    response = ask();
  } catch (const ClosedBeforeAnswer&) {
    state_->kept.reset();
    // Closed in the moment between the look and our sending. Only what changes nothing may be asked twice (RFC 9110
    // 9.2.1): the server may have died after it did the other thing.
    if (!reused || (method != "GET" && method != "HEAD")) throw;
    response = ask();
  } catch (...) {
    state_->kept.reset();
    throw;
  }
  if (!state_->kept->keep_alive()) state_->kept.reset();
  if (trace) trace->add(steps_from_text(response.headers.get(kStepsHeader)));
  return response;
}

std::unique_ptr<HttpStream> HttpClient::open(std::string_view method, std::string_view target,
                                             std::string_view body, BodySource source,
                                             std::string_view content_type) {
  auto connection = std::make_unique<ClientConnection>(connect_unix(state_->socket_path));
  HttpHeaders own = body_headers(body, content_type);
  if (source) own = {{"Transfer-Encoding", "chunked"}, {"Content-Type", std::string(content_type)}};
  connection->send_unless_refused(request_head(*this, method, target, own) + std::string(body));
  if (source) send_chunked(*connection, source);
  HttpResponse head = connection->read_head(method == "HEAD");
  return std::make_unique<ClientStream>(std::move(connection), std::move(head), trace);
}

RawStream HttpClient::upgrade(std::string_view method, std::string_view target,
                              std::string_view body) {
  ClientConnection connection(connect_unix(state_->socket_path));
  HttpHeaders own = body_headers(body, "application/json");
  own.add("Connection", "Upgrade");
  own.add("Upgrade", "tcp");
  connection.send(request_head(*this, method, target, own) + std::string(body));
  HttpResponse head = connection.read_head(/*without_body=*/false);
  if (head.status == 101) {
    if (trace) trace->add(steps_from_text(head.headers.get(kStepsHeader)));
    return connection.take();
  }
  head.body = read_rest(connection);
  throw_if_error(head);
  throw std::runtime_error("the server answered " + std::to_string(head.status) +
                           " in place of the upgrade");
}

std::string error_message(const HttpResponse& response) {
  const nlohmann::json body = nlohmann::json::parse(response.body, nullptr, false);
  if (body.is_object() && body.contains("message") && body["message"].is_string()) {
    return body["message"].get<std::string>();
  }
  if (!response.body.empty()) return response.body;
  return std::string(reason_phrase(response.status));
}

void throw_if_error(const HttpResponse& response) {
  if (response.status < 400) return;
  const nlohmann::json body = nlohmann::json::parse(response.body, nullptr, false);
  std::string advice;
  if (body.is_object() && body.contains("advice") && body["advice"].is_string()) {
    advice = body["advice"].get<std::string>();
  }
  throw ApiError(response.status, error_message(response), std::move(advice));
}

}  // namespace slipway
