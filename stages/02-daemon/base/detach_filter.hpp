#pragma once
/// \file
/// The keys that end an attach but not the container, found in what is typed. The CLI looks for them, and so does the shim
/// for the clients that do not.

#include <string>
#include <string_view>

namespace slipway {

inline constexpr char kDefaultDetachKeys[] = "ctrl-p,ctrl-q";

/// "ctrl-p,ctrl-q" as the bytes that the keys send. \throws std::runtime_error for a key that is none
std::string parse_detach_keys(const std::string& keys);

/// Bytes that may be the beginning of the keys are held back until that is decided. Not thread-safe.
class DetachFilter {
 public:
  /// \param keys  the bytes; empty: nothing detaches
  explicit DetachFilter(std::string keys) : keys_(std::move(keys)) {}

  /// What of the typed bytes goes on.
  std::string pass(std::string_view typed);
  /// True once the keys were complete.
  [[nodiscard]] bool detached() const noexcept { return detached_; }
  /// Takes what is held back: the input has ended.
  std::string take_held();

 private:
  void pass_byte(char byte, std::string& out);
  std::string keys_;
  std::size_t matched_ = 0;
  bool detached_ = false;
};

}  // namespace slipway
