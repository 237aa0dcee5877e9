#pragma once
/// \file
/// "Your request is wrong", as opposed to "we are broken": the one exception that carries an HTTP
/// status to the client. Every other exception that reaches the HTTP layer becomes a 500.

#include <stdexcept>
#include <string>

namespace slipway {

/// An answer other than success, in Docker's terms (`{"message":"…"}` with a status).
class ApiError : public std::runtime_error {
 public:
  /// \param status   the HTTP status, 304 or 400…599
  /// \param message  the text that a person reads
  ApiError(int status, const std::string& message) : std::runtime_error(message), status_(status) {}

  [[nodiscard]] int status() const noexcept { return status_; }

 private:
  int status_;
};

/// 400: the request itself is at fault; the message names the field.
inline ApiError bad_request(const std::string& message) { return {400, message}; }
/// 404: the object is not there.
inline ApiError not_found(const std::string& message) { return {404, message}; }
/// 409: the object's state forbids it.
inline ApiError conflict(const std::string& message) { return {409, message}; }

}  // namespace slipway
