#include "curl_line.hpp"

#include <algorithm>
#include <string_view>

namespace slipway {
namespace {

bool needs_no_quotes(char c) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@%+";
  return kPlain.find(c) != std::string_view::npos;
}

}  // namespace

//@region shell_quoted
std::string shell_quoted(std::string_view word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), needs_no_quotes)) {
    return std::string(word);
  }
  // Within single quotes nothing is special to the shell but the quote itself, which has to stand outside of them.
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}
//@endregion

std::string shell_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + shell_quoted(word);
  return line;
}

std::string curl_line(const std::string& socket_path, const CurlRequest& request) {
  std::string line = "curl --unix-socket " + shell_quoted(socket_path);
  if (request.streamed) line += " --no-buffer";
  if (request.method == "HEAD") {
    line += " --head";  // -X HEAD would make curl wait for a body
  } else if (request.method != "GET" || !request.body.empty()) {
    line += " -X " + request.method;
  }
  if (!request.body.empty() || request.body_from_stdin) {
    line += " -H " + shell_quoted("Content-Type: " + request.content_type);
  }
  if (request.body_from_stdin) line += " -T -";
  if (!request.body.empty()) line += " -d " + shell_quoted(request.body);
  return line + " " + shell_quoted("http://localhost" + request.target);
}

}  // namespace slipway
