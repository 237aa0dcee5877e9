#include "http_message.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "api_error.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr int kMaxJsonDepth = 64;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

bool is_unreserved(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '.' ||
         c == '_' || c == '~' || c == '/';
}

/// "/v1.50/x" → "1.50"; "" if the path has no version prefix.
std::string_view version_prefix(std::string_view path) {
  if (!path.starts_with("/v")) return {};
  const std::size_t end = std::min(path.find('/', 2), path.size());
  const std::string_view version = path.substr(2, end - 2);
  const bool numeric = !version.empty() && std::all_of(version.begin(), version.end(), [](char c) {
    return (c >= '0' && c <= '9') || c == '.';
  });
  return numeric ? version : std::string_view{};
}

}  // namespace

std::string_view HttpHeaders::get(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (same_name(key, name)) return value;
  }
  return {};
}

bool HttpHeaders::has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(),
                     [&](const auto& field) { return same_name(field.first, name); });
}

void HttpHeaders::set(std::string_view name, std::string_view value) {
  for (auto& [key, old] : fields_) {
    if (same_name(key, name)) {
      old = value;
      return;
    }
  }
  add(name, value);
}

void HttpHeaders::add(std::string_view name, std::string_view value) {
  fields_.emplace_back(name, value);
}

HttpQuery::HttpQuery(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    values_.emplace_back(percent_decode(pair.substr(0, equals), true), percent_decode(value, true));
  }
}

std::optional<std::string> HttpQuery::get(std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string HttpQuery::value(std::string_view name, std::string_view fallback) const {
  const auto found = get(name);
  return found && !found->empty() ? *found : std::string(fallback);
}

std::vector<std::string> HttpQuery::all(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& [key, value] : values_) {
    if (key == name) found.push_back(value);
  }
  return found;
}

bool HttpQuery::flag(std::string_view name, bool when_absent) const {
  const auto found = get(name);
  if (!found) return when_absent;
  std::string text = *found;
  std::transform(text.begin(), text.end(), text.begin(), lower);
  return !(text.empty() || text == "0" || text == "no" || text == "false" || text == "none");
}

std::optional<long> HttpQuery::number(std::string_view name) const {
  const auto found = get(name);
  if (!found || found->empty()) return std::nullopt;
  long number = 0;
  const char* end = found->data() + found->size();
  const auto parsed = std::from_chars(found->data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) {
    throw bad_request("query parameter '" + std::string(name) +
                      "': expected a whole number, got '" + *found + "'");
  }
  return number;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 101:
      return "UPGRADED";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

std::string serialize_head(std::string_view first_line, const HttpHeaders& headers) {
  std::string head(first_line);
  head += "\r\n";
  for (const auto& [name, value] : headers) {
    std::string safe = value;
    std::replace_if(
        safe.begin(), safe.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
    head.append(name).append(": ").append(safe).append("\r\n");
  }
  return head + "\r\n";
}

std::string percent_decode(std::string_view text, bool plus_is_space) {
  //@exercise 01.1 Decode percent codes, and leave broken ones as they are
  //@hint   a code is '%' and two hex digits; hex_value() says -1 for what is none
  //@hint   look before you read: the text may end behind the '%'
  //@stub   return std::string(text);
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool code = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                      hex_value(text[i + 2]) >= 0;
    if (code) {
      decoded += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
  //@end
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return encoded;
}

void parse_target(std::string_view target, HttpRequest& request) {
  request.target = target;
  const std::size_t question = std::min(target.find('?'), target.size());
  std::string_view path = target.substr(0, question);
  request.query = HttpQuery(target.substr(std::min(question + 1, target.size())));
  request.version = version_prefix(path);
  if (!request.version.empty()) path.remove_prefix(2 + request.version.size());
  // Decoded per segment by the routes: "%2F" inside a segment must not become a separator.
  request.path = path.empty() ? "/" : std::string(path);
}

std::string dump_json(const json& value) {
  return value.dump(-1, ' ', /*ensure_ascii=*/false, json::error_handler_t::replace);
}

HttpResponse json_response(int status, const json& body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = dump_json(body) + "\n"};
}

HttpResponse error_response(int status, std::string_view message, std::string_view advice) {
  if (status == 304) return {.status = 304};
  json body{{"message", message}};
  if (!advice.empty()) body["advice"] = advice;
  return json_response(status, body);
}

json parse_json(std::string_view text, std::string_view what) {
  // The parser recurses per level; a hostile body must not choose how deep.
  const json::parser_callback_t limit_depth = [&](int depth, json::parse_event_t, json&) {
    if (depth > kMaxJsonDepth) {
      throw bad_request(std::string(what) + ": JSON is nested deeper than " +
                        std::to_string(kMaxJsonDepth) + " levels");
    }
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), limit_depth);
  } catch (const json::parse_error& error) {
    throw bad_request(std::string(what) + " is not valid JSON (at byte " +
                      std::to_string(error.byte) + "): " + error.what());
  }
}

}  // namespace slipway
