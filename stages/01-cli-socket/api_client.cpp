#include "api_client.hpp"

#include <cctype>
#include <nlohmann/json.hpp>
#include <ostream>

#include "api_error.hpp"
#include "router.hpp"
#include "sys_error.hpp"

namespace slipway {

using nlohmann::json;

namespace {

std::string with_version(std::string_view target) {
  const bool has_version =
      target.size() > 2 && target.starts_with("/v") && std::isdigit(target[2]) != 0;
  return (has_version ? "" : "/v" + std::string(kApiVersion)) + std::string(target);
}

/// A failed connect(2) in the words of somebody who wants to go on.
std::string connect_advice(const SysError& error, const std::string& path) {
  if (error.is(EACCES)) {
    return "permission denied at unix://" + path + ": be root, or a member of the socket's group";
  }
  return "Cannot connect to the engine at unix://" + path + ": is slipwayd running?";
}

bool is_connect_error(const SysError& error) {
  return error.is(ENOENT) || error.is(ECONNREFUSED) || error.is(EACCES);
}

}  // namespace

ApiClient::ApiClient(std::string socket_path, Trace& trace, CurlMode curl, std::ostream& err)
    : socket_path_(std::move(socket_path)),
      trace_(trace),
      curl_(curl),
      err_(err),
      client_(socket_path_) {
  client_.headers.set("User-Agent", "Slipway-Client");
  client_.trace = &trace_;
}

//@region announce
CurlRequest ApiClient::announced(CurlRequest request) {
  request.target = with_version(request.target);
  if (curl_ != CurlMode::off) err_ << curl_line(socket_path_, request) << std::endl;
  if (curl_ == CurlMode::only) throw CurlOnly();
  return request;
}
//@endregion

/// Asks within a step of the trace; a socket with nobody behind it becomes advice.
template <class Ask>
auto ApiClient::traced(const CurlRequest& request, std::string_view target, Ask&& ask) {
  auto step = trace_.begin("01", "request", request.method, target,
                           [&] { return curl_line(socket_path_, request); });
  try {
    return ask();
  } catch (const SysError& error) {
    if (!is_connect_error(error)) throw;
    throw ApiError(503, connect_advice(error, socket_path_));
  }
}

json ApiClient::call(std::string_view method, std::string_view target) {
  const HttpResponse response = request(method, target);
  throw_if_error(response);
  return response.body.empty() ? json() : parse_json(response.body, "the engine's answer");
}

json ApiClient::call(std::string_view method, std::string_view target, const json& body) {
  const HttpResponse response = request(method, target, dump_json(body));
  throw_if_error(response);
  return response.body.empty() ? json() : parse_json(response.body, "the engine's answer");
}

HttpResponse ApiClient::request(std::string_view method, std::string_view target,
                                std::string_view body) {
  const CurlRequest asked = announced({.method = std::string(method),
                                       .target = std::string(target),
                                       .body = std::string(body),
                                       .content_type = "application/json"});
  return traced(asked, target, [&] { return client_.request(method, asked.target, body); });
}

std::unique_ptr<HttpStream> ApiClient::open(std::string_view method, std::string_view target,
                                            std::string_view body, BodySource source,
                                            std::string_view content_type) {
  const CurlRequest asked = announced({.method = std::string(method),
                                       .target = std::string(target),
                                       .body = std::string(body),
                                       .content_type = std::string(content_type),
                                       .body_from_stdin = static_cast<bool>(source),
                                       .streamed = true});
  return traced(asked, target, [&] {
    auto stream = client_.open(method, asked.target, body, std::move(source), content_type);
    if (stream->head().status < 400) return stream;
    HttpResponse refused = stream->head();
    refused.body = stream->read_all();
    throw_if_error(refused);
    return stream;
  });
}

RawStream ApiClient::upgrade(std::string_view method, std::string_view target,
                             std::string_view body) {
  const CurlRequest asked = announced({.method = std::string(method),
                                       .target = std::string(target),
                                       .body = std::string(body),
                                       .content_type = "application/json",
                                       .streamed = true});
  return traced(asked, target, [&] { return client_.upgrade(method, asked.target, body); });
}

}  // namespace slipway
