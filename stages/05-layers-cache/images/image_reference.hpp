#pragma once
/// \file
/// Names of images: what people type ("busybox"), what it means
/// ("docker.io/library/busybox:latest"), and back. Grammar: distribution/reference, docs of
/// "reference.go"; the normalising rules are Docker's (normalize.go).

#include <optional>
#include <string>
#include <string_view>

#include "05-layers-cache/base/digest.hpp"

namespace slipway {

/// A normalised reference: domain/path[:tag][@digest]. An immutable value.
class ImageReference {
 public:
  /// Normalises what a person or client wrote; the tag stays absent if there is none.
  /// \throws ApiError 400 in Docker's words: `invalid reference format`, `… must be lowercase`, …
  static ImageReference parse(std::string_view text);
  /// The same; nothing for what is no reference.
  static std::optional<ImageReference> maybe_parse(std::string_view text);

  [[nodiscard]] const std::string& domain() const noexcept { return domain_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const std::optional<std::string>& tag() const noexcept { return tag_; }
  [[nodiscard]] const std::optional<Digest>& digest() const noexcept { return digest_; }

  /// With ":latest" if it has neither tag nor digest.
  [[nodiscard]] ImageReference with_default_tag() const;
  /// The same name with this tag. \throws ApiError 400 if it is no tag
  [[nodiscard]] ImageReference with_tag(std::string_view tag) const;

  /// "docker.io/library/busybox"
  [[nodiscard]] std::string name() const { return domain_ + "/" + path_; }
  /// "docker.io/library/busybox:latest"
  [[nodiscard]] std::string full() const { return name() + suffix(); }
  /// "busybox": without what Docker adds by itself.
  [[nodiscard]] std::string familiar_name() const;
  /// "busybox:latest"
  [[nodiscard]] std::string familiar() const { return familiar_name() + suffix(); }

 private:
  ImageReference() = default;
  [[nodiscard]] std::string suffix() const;
  std::string domain_;
  std::string path_;
  std::optional<std::string> tag_;
  std::optional<Digest> digest_;
};

}  // namespace slipway
