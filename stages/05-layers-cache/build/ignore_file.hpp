#pragma once
/// \file
/// `.dockerignore`: which of a context's files a build does not see.
///
/// A line is a pattern; the last one that matches a path, or a folder above it, decides; `!` takes back. `*` and `?` match within
/// a name, `**` any number of names, `[a-c]` one of several bytes, `\` takes the next byte as it is. Source:
/// docs.docker.com, "Build context", ".dockerignore files"; moby/patternmatcher.

#include <string>
#include <string_view>
#include <vector>

namespace slipway {

/// The patterns of one file. Immutable; thread-safe.
class IgnoreFile {
 public:
  IgnoreFile() = default;
  /// \throws ApiError 400 that names the line: a pattern that is none
  static IgnoreFile parse(std::string_view text);

  /// \param path  relative to the context's root, with "/" between names and none at its ends
  [[nodiscard]] bool excludes(std::string_view path) const;
  /// A `!` pattern may take back something below an excluded folder: then it has to be walked all the same.
  [[nodiscard]] bool has_exceptions() const noexcept { return has_exceptions_; }

 private:
  struct Pattern {
    std::string text;
    bool takes_back = false;
  };
  std::vector<Pattern> patterns_;
  bool has_exceptions_ = false;
};

/// Does the whole path match? Go's filepath.Match with `**` besides; for COPY's sources as well.
/// \throws ApiError 400 `syntax error in pattern`
bool path_matches(std::string_view pattern, std::string_view path);

}  // namespace slipway
