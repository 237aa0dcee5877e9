#pragma once
/// \file
/// What the engine tells the runtime beyond the OCI spec's own fields: annotations of config.json.
/// A spec without them is served as it stands.

#include <string>
#include <string_view>
#include <vector>

namespace slipway {

/// An overlay as the container's root; `root.path` is its mountpoint then. Without these
/// `root.path` is a plain folder.
inline constexpr std::string_view kOverlayLower =
    "io.slipway.overlay.lower";  ///< joined by ':', topmost first
inline constexpr std::string_view kOverlayUpper = "io.slipway.overlay.upper";
inline constexpr std::string_view kOverlayWork = "io.slipway.overlay.work";

/// The user as text ("app", "1000:staff"): only inside the container is known who that is.
/// Overrules `process.user`.
inline constexpr std::string_view kUserAnnotation = "io.slipway.user";
/// More groups, names or numbers, joined by ','.
inline constexpr std::string_view kGroupsAnnotation = "io.slipway.groups";

/// Of a namespace of another container that the spec names by a path in /proc/PID: which one it is (namespace_name.hpp).
/// Behind the dot stands the kind, in the spec's word: "io.slipway.donor.network"; "mount" is the one that /dev/shm is in.
inline constexpr std::string_view kDonorAnnotation = "io.slipway.donor.";

/// "a:b" -> {"a", "b"}; "" -> {}.
inline std::vector<std::string> split_words(const std::string& text, char separator) {
  std::vector<std::string> words;
  std::size_t start = 0;
  for (std::size_t end; (end = text.find(separator, start)) != std::string::npos; start = end + 1) {
    words.push_back(text.substr(start, end - start));
  }
  if (start < text.size()) words.push_back(text.substr(start));
  return words;
}

/// The reverse.
inline std::string join_words(const std::vector<std::string>& words, char separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

}  // namespace slipway
