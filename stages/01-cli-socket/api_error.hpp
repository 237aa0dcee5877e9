#pragma once
/// \file
/// "Your request is wrong", as opposed to "we are broken": the one exception that carries an HTTP
/// status to the client. Every other exception that reaches the HTTP layer becomes a 500.

#include <stdexcept>
#include <string>
#include <utility>

namespace slipway {

/// An answer other than success, in Docker's terms (`{"message":"…"}` with a status); where there is advice, the answer has
/// it as "advice", which Docker's clients do not look at.
class ApiError : public std::runtime_error {
 public:
  /// \param status   the HTTP status, 304 or 400…599
  /// \param message  the text that a person reads
  /// \param advice   where it went wrong and what to try, line by line; travels beside the message, whose words
  ///                 programs know
  ApiError(int status, const std::string& message, std::string advice = {})
      : std::runtime_error(message), status_(status), advice_(std::move(advice)) {}

  [[nodiscard]] int status() const noexcept { return status_; }
  [[nodiscard]] const std::string& advice() const noexcept { return advice_; }

 private:
  int status_;
  std::string advice_;
};

/// 400: the request itself is at fault; the message names the field.
inline ApiError bad_request(const std::string& message) { return {400, message}; }
/// 404: the object is not there.
inline ApiError not_found(const std::string& message) { return {404, message}; }
/// 409: the object's state forbids it.
inline ApiError conflict(const std::string& message) { return {409, message}; }

}  // namespace slipway
