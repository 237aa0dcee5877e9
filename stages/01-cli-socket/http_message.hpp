#pragma once
/// \file
/// HTTP messages as plain values, the same for server and client. Nothing here knows a socket.
/// Spec: RFC 9112 (HTTP/1.1), RFC 3986 (URIs).

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// Header fields in their order; names compare without case. Not thread-safe.
class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<std::pair<std::string, std::string>> fields)
      : fields_(fields) {}

  /// The first field of that name, or "" if there is none.
  [[nodiscard]] std::string_view get(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
  /// Replaces the field of that name, or adds it.
  void set(std::string_view name, std::string_view value);
  /// Adds a field, even if one of that name is there.
  void add(std::string_view name, std::string_view value);

  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// The query part of a target, decoded, in order. An unknown parameter is never an error.
class HttpQuery {
 public:
  HttpQuery() = default;
  /// \param text  what stands behind the '?'; broken percent codes are kept as they are
  explicit HttpQuery(std::string_view text);

  /// The first value of that name, or nothing if it is absent ("x=" is present and empty).
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
  /// The first value, or `fallback` if absent or empty.
  [[nodiscard]] std::string value(std::string_view name, std::string_view fallback = {}) const;
  /// All values of that name.
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
  /// Docker's rule: absent, "", "0", "no", "false" and "none" are false, everything else is true.
  [[nodiscard]] bool flag(std::string_view name, bool when_absent = false) const;
  /// A whole number; absent or empty gives nothing. \throws ApiError 400 that names the parameter
  [[nodiscard]] std::optional<long> number(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

/// A request, without its body unless somebody read it into `body`.
struct HttpRequest {
  std::string method;  ///< "GET"
  std::string target;  ///< as on the wire: "/v1.50/containers/json?all=1"
  std::string
      path;  ///< still percent-encoded (routes decode their parameters), without query and version prefix
  std::string version;  ///< the API version of the prefix ("1.50"), or empty
  HttpQuery query;
  HttpHeaders headers;
  std::string body;
};

/// An answer with its whole body.
struct HttpResponse {
  int status = 200;
  HttpHeaders headers{};
  std::string body{};
};

/// "OK" for 200 and so on; "UPGRADED" for 101, as Docker writes it.
std::string_view reason_phrase(int status);

/// A status line or a request line with its header fields and the empty line, ready for the wire. Line ends inside a
/// value would start a header of their own (response splitting): they are written as spaces.
std::string serialize_head(std::string_view first_line, const HttpHeaders& headers);

/// Decodes %XX (and '+' as a space if `plus_is_space`); a broken code stays as it is.
std::string percent_decode(std::string_view text, bool plus_is_space = false);
/// Encodes everything but unreserved characters (RFC 3986 2.3) and '/' as %XX.
std::string percent_encode(std::string_view text);

/// Splits a target into path, version and query of `request`.
void parse_target(std::string_view target, HttpRequest& request);

/// An answer that carries JSON: `dump()` without HTML escaping, ended by a line feed, Content-Type exactly
/// "application/json". Text that is not UTF-8 is replaced by U+FFFD, never an error.
HttpResponse json_response(int status, const nlohmann::json& body);
/// `{"message":"…"}` with the status, and "advice" if there is any; 304 has no body.
HttpResponse error_response(int status, std::string_view message, std::string_view advice = {});
/// `dump()` as all boxes write it: no HTML escape, invalid UTF-8 replaced.
std::string dump_json(const nlohmann::json& value);
/// Parses a whole JSON text. \throws ApiError 400 with the position, also for a body nested too deep (64)
nlohmann::json parse_json(std::string_view text, std::string_view what = "request body");

}  // namespace slipway
