#pragma once
/// \file
/// A volume: a folder that outlives containers, and what is known of it.

#include <map>
#include <memory>
#include <string>

namespace slipway {

/// Immutable; found in the store by its name.
struct Volume {
  std::string name;     ///< by check_volume_name, or 64 hex digits for an anonymous one
  std::string created;  ///< RFC 3339, UTC
  std::map<std::string, std::string> labels{};
  std::map<std::string, std::string> options{};  ///< of the driver: "type", "o", "device"
  bool anonymous = false;                        ///< made for a container that named none

  /// True if it is not a folder of ours but something to mount: the local driver's options say what.
  [[nodiscard]] bool is_foreign() const { return options.contains("device"); }
};

using VolumePtr = std::shared_ptr<const Volume>;

/// \throws ApiError 400 in docker's words unless it matches [a-zA-Z0-9][a-zA-Z0-9_.-]+, at most 239 bytes: it becomes the
/// name of a folder, with a word before it for a while
void check_volume_name(const std::string& name);

/// The options of the driver "local" are those of mount(8): "type", "o", "device". \throws ApiError 400 in docker's words
void check_volume_options(const std::map<std::string, std::string>& options);

}  // namespace slipway
