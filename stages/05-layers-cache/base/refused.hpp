#pragma once
/// \file
/// "This archive breaks a rule", as opposed to "we are broken".

#include <stdexcept>

namespace slipway {

/// Input of a stranger that a rule forbids. `what()` names the entry and the rule; for the client it is a 400.
class Refused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace slipway
