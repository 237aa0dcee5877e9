#include "digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "01-cli-socket/api_error.hpp"

namespace slipway {
namespace {

constexpr std::string_view kAlgorithm = "sha256:";
constexpr std::size_t kHexDigits = 64;

void check_openssl(int result, const char* operation) {
  if (result != 1) throw std::runtime_error(std::string(operation) + " failed");
}

std::string to_hex(std::span<const unsigned char> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : bytes) hex += {kDigits[byte >> 4], kDigits[byte & 15]};
  return hex;
}

}  // namespace

std::optional<Digest> Digest::from_hex(std::string_view hex) {
  const bool canonical =
      hex.size() == kHexDigits && std::all_of(hex.begin(), hex.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
      });
  if (!canonical) return std::nullopt;
  return Digest(std::string(kAlgorithm).append(hex));
}

std::optional<Digest> Digest::parse(std::string_view text) {
  if (!text.starts_with(kAlgorithm)) return std::nullopt;
  return from_hex(text.substr(kAlgorithm.size()));
}

Digest Digest::require(std::string_view text, std::string_view what) {
  if (auto digest = parse(text)) return *digest;
  throw bad_request(std::string(what) + ": \"" + std::string(text.substr(0, 200)) +
                    "\" is no canonical digest (sha256: and 64 lower-case hex digits)");
}

Digest Digest::of(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept { ::EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(::EVP_MD_CTX_new()) {
  // OpenSSL would read its configuration file first, which may name libraries to load.
  ::OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  if (!context_) throw std::bad_alloc();
  check_openssl(::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr), "EVP_DigestInit_ex");
}

void Sha256::update(std::span<const char> bytes) {
  check_openssl(::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()), "EVP_DigestUpdate");
  bytes_ += bytes.size();
}

Digest Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  check_openssl(::EVP_DigestFinal_ex(context_.get(), bytes.data(), &size), "EVP_DigestFinal_ex");
  return *Digest::from_hex(to_hex(std::span(bytes).first(size)));
}

}  // namespace slipway
