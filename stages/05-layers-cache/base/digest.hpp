#pragma once
/// \file
/// Content addresses: a thing's name is the SHA-256 of its bytes, so a name that fits proves the content.
/// Spec: OCI image-spec, descriptor.md "Digests".

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX

namespace slipway {

/// A digest in its one canonical form: "sha256:" and 64 lower-case hex digits. Digests become file names, and they
/// come from strangers: `sha256:../../etc/passwd` and upper-case twins must never get this far (CVE-2014-9356,
/// CVE-2024-3727). Whatever holds a Digest may use it in a path.
class Digest {
 public:
  /// The digest, or nothing if `text` is not canonical.
  static std::optional<Digest> parse(std::string_view text);
  /// \param what  whose digest it is, for the message
  /// \throws ApiError 400 `WHAT: "TEXT" is no canonical digest …`
  static Digest require(std::string_view text, std::string_view what);
  /// From 64 hex digits, as they stand in file names.
  static std::optional<Digest> from_hex(std::string_view hex);
  /// The digest of these bytes.
  static Digest of(std::string_view bytes);

  /// "sha256:…"
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// The 64 hex digits.
  [[nodiscard]] std::string hex() const { return text_.substr(7); }
  /// The first 12 of them, as people see them.
  [[nodiscard]] std::string short_hex() const { return text_.substr(7, 12); }

  auto operator<=>(const Digest&) const = default;

 private:
  explicit Digest(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// SHA-256 of bytes that come in parts. One thread at a time. \throws std::runtime_error if OpenSSL fails
class Sha256 {
 public:
  Sha256();
  void update(std::span<const char> bytes);
  /// How many bytes there were so far.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// The digest of everything so far; the object is spent then.
  [[nodiscard]] Digest finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
  std::uint64_t bytes_ = 0;
};

}  // namespace slipway
