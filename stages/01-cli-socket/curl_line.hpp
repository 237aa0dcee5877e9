#pragma once
/// \file
/// A request as the curl command that does the same: what `--curl` prints.

#include <string>
#include <string_view>
#include <vector>

namespace slipway {

/// What there is to say of a request on a command line.
struct CurlRequest {
  std::string method;
  std::string target;            ///< with the version prefix: "/v1.50/containers/json?all=1"
  std::string body;              ///< empty: none
  std::string content_type;      ///< of the body
  bool body_from_stdin = false;  ///< the body is a stream ("load"); curl reads it from its stdin
  bool streamed = false;         ///< the answer comes bit by bit: curl must not hold it back
};

/// `curl --unix-socket PATH -X METHOD … 'http://localhost/v1.50/…'`, quoted for a POSIX shell.
std::string curl_line(const std::string& socket_path, const CurlRequest& request);

/// One word for a POSIX shell: in single quotes, unless it needs none.
std::string shell_quoted(std::string_view word);
/// Words as one command for a POSIX shell.
std::string shell_line(const std::vector<std::string>& words);

}  // namespace slipway
