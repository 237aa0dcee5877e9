#include "volume.hpp"

#include <algorithm>
#include <climits>

#include "01-cli-socket/api_error.hpp"

namespace slipway {
namespace {

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_name_character(char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; }

}  // namespace

void check_volume_name(const std::string& name) {
  if (name.size() == 1) {
    throw bad_request("create " + name +
                      ": volume name is too short, names should be at least two alphanumeric "
                      "characters");
  }
  if (name.empty() || !is_alphanumeric(name.front()) ||
      !std::ranges::all_of(name, is_name_character)) {
    throw bad_request("create " + name.substr(0, NAME_MAX) + ": \"" + name.substr(0, NAME_MAX) +
                      "\" includes invalid characters for a local volume name, only "
                      "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host "
                      "directory, use absolute path");
  }
  // The store puts a word before it while it makes or removes the folder.
  if (name.size() > NAME_MAX - 16) {
    throw bad_request("create " + name + ": volume name is too long: " +
                      std::to_string(name.size()) + " characters, at most 239 are possible");
  }
}

void check_volume_options(const std::map<std::string, std::string>& options) {
  for (const auto& [key, value] : options) {
    if (key != "type" && key != "o" && key != "device" && key != "size") {
      throw bad_request("create: invalid option: \"" + key + "\"");
    }
    if (key == "size") {
      throw bad_request("create: quota size requested but no quota support");
    }
  }
  if (options.empty()) return;
  for (const char* needed : {"type", "device"}) {
    const auto found = options.find(needed);
    if (found == options.end() || found->second.empty()) {
      throw bad_request("create: missing required option: \"" + std::string(needed) + "\"");
    }
  }
}

}  // namespace slipway
