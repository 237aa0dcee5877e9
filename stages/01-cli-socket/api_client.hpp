#pragma once
/// \file
/// The CLI's client of the engine: HttpClient plus what makes the REST calls visible (`--curl`, `--explain`).

#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "curl_line.hpp"
#include "http_client.hpp"

namespace slipway {

/// What `--curl` does with each request.
enum class CurlMode {
  off,
  show,  ///< print the curl command, then do the request
  only,  ///< print it and do nothing (`--curl=only`)
};

/// Thrown in CurlMode::only in place of an answer: the command ends here, successfully.
struct CurlOnly {};

/// One thread at a time. Targets come without the version prefix ("/containers/json"); it is added here, except to a
/// target that brings its own ("/v1.41/containers/json"). Every call throws ApiError for an answer of 400 or more, and for an engine that cannot be
/// reached ("Cannot connect to the engine at unix://…: is slipwayd running?").
class ApiClient {
 public:
  /// \param socket_path  the engine's socket
  /// \param trace        the command's trace, on or off
  /// \param curl         what to do about `--curl`
  /// \param err          where the curl lines go
  ApiClient(std::string socket_path, Trace& trace, CurlMode curl, std::ostream& err);

  /// Asks and returns the answer's JSON (null for an empty body).
  nlohmann::json call(std::string_view method, std::string_view target);
  nlohmann::json call(std::string_view method, std::string_view target, const nlohmann::json& body);
  /// Asks and returns the bare answer; only a failed connection throws.
  HttpResponse request(std::string_view method, std::string_view target,
                       std::string_view body = {});
  /// A streamed answer.
  std::unique_ptr<HttpStream> open(std::string_view method, std::string_view target,
                                   std::string_view body = {}, BodySource source = {},
                                   std::string_view content_type = "application/json");
  /// A raw stream.
  RawStream upgrade(std::string_view method, std::string_view target, std::string_view body = {});

  [[nodiscard]] Trace& trace() noexcept { return trace_; }
  [[nodiscard]] const std::string& socket_path() const noexcept { return socket_path_; }

 private:
  [[nodiscard]] CurlRequest announced(CurlRequest request);
  template <class Ask>
  auto traced(const CurlRequest& request, std::string_view target, Ask&& ask);

  std::string socket_path_;
  Trace& trace_;
  CurlMode curl_;
  std::ostream& err_;
  HttpClient client_;
};

}  // namespace slipway
