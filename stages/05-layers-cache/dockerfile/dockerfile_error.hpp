#pragma once
/// \file
/// Where something stands in a Dockerfile, and the error that says so.

#include <string>

#include "01-cli-socket/api_error.hpp"

namespace slipway {

/// A place in the file; both count from 1, columns in bytes.
struct Position {
  unsigned line = 1;
  unsigned column = 1;
};

/// A Dockerfile that breaks a rule. For the client a 400: `dockerfile parse error line 2: unknown instruction: FOO
/// (column 1, did you mean FROM?)`. Programs look at its beginning, which is Docker's; what we add stands behind.
class DockerfileError : public ApiError {
 public:
  DockerfileError(Position at, const std::string& message, const std::string& hint = {})
      : ApiError(400, "dockerfile parse error line " + std::to_string(at.line) + ": " + message +
                          " (column " + std::to_string(at.column) +
                          (hint.empty() ? "" : ", did you mean " + hint + "?") + ")"),
        at_(at) {}

  [[nodiscard]] Position at() const noexcept { return at_; }

 private:
  Position at_;
};

}  // namespace slipway
