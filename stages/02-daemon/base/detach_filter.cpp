#include "detach_filter.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace slipway {

std::string DetachFilter::pass(std::string_view typed) {
  if (keys_.empty()) return std::string(typed);
  std::string out;
  for (const char byte : typed) {
    pass_byte(byte, out);
    if (detached_) break;
  }
  return out;
}

//@region pass_byte
/// What was held back and is not the keys' beginning after all goes on, but for its last bytes if they may be one: with the
/// keys "a,a,b" the third a of "aaab" is the second of the keys.
void DetachFilter::pass_byte(char byte, std::string& out) {
  while (matched_ > 0 && byte != keys_[matched_]) {
    const std::size_t before = matched_;
    do {
      --matched_;
    } while (keys_.compare(before - matched_, matched_, keys_, 0, matched_) != 0);
    out.append(keys_, 0, before - matched_);
  }
  if (byte == keys_[matched_]) {
    detached_ = ++matched_ == keys_.size();
  } else {
    out += byte;
  }
}
//@endregion

std::string DetachFilter::take_held() {
  return detached_ ? std::string() : keys_.substr(0, std::exchange(matched_, 0));
}

std::string parse_detach_keys(const std::string& keys) {
  std::string bytes;
  for (std::size_t at = 0; at < keys.size();) {
    const std::size_t end = std::min(keys.find(',', at), keys.size());
    const std::string key = keys.substr(at, end - at);
    at = end + 1;
    if (key.size() == 1) {
      bytes += key;
    } else if (key.size() == 6 && key.starts_with("ctrl-") && key[5] >= '@' && key[5] <= 'z') {
      bytes += static_cast<char>(key[5] & 0x1f);
    } else {
      throw std::runtime_error("invalid detach key '" + key +
                               "': use a letter, or ctrl- and a letter");
    }
  }
  return bytes;
}

}  // namespace slipway
