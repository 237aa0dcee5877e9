#include "image_reference.hpp"

#include <algorithm>
#include <cctype>

#include "01-cli-socket/api_error.hpp"

namespace slipway {
namespace {

constexpr std::string_view kDefaultDomain = "docker.io";
constexpr std::string_view kLegacyDomain = "index.docker.io";
constexpr std::string_view kOfficial = "library/";
constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxTag = 128;

// The C locale's isalnum and friends, without their undefined behaviour for negative chars.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alnum(char c) { return is_digit(c) || is_lower(c) || is_upper(c); }
bool has_upper(std::string_view text) { return std::any_of(text.begin(), text.end(), is_upper); }

ApiError bad_format(std::string_view detail = {}) {
  std::string message = "invalid reference format";
  if (!detail.empty()) message.append(": ").append(detail);
  return bad_request(message);
}

/// Cuts the text at `separator` and gives each part to `valid`; false at the first that is not.
template <class Valid>
bool all_parts(std::string_view text, char separator, Valid valid) {
  for (;;) {
    const std::size_t end = text.find(separator);
    if (!valid(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

/// [a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?
bool is_domain_label(std::string_view label) {
  return !label.empty() && is_alnum(label.front()) && is_alnum(label.back()) &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

bool is_ipv6(std::string_view host) {
  return host.size() > 2 && host.front() == '[' && host.back() == ']' &&
         std::all_of(host.begin() + 1, host.end() - 1, [](char c) {
           return std::isxdigit(static_cast<unsigned char>(c)) || c == ':';
         });
}

bool is_domain(std::string_view domain) {
  const std::size_t bracket = domain.rfind(']');
  const std::size_t colon = domain.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = domain.substr(0, colon);
  if (colon != std::string_view::npos) {
    const std::string_view port = domain.substr(colon + 1);
    if (port.empty() || !std::all_of(port.begin(), port.end(), is_digit)) return false;
  }
  return is_ipv6(host) || all_parts(host, '.', is_domain_label);
}

/// One separator between two runs of letters and digits: ".", "_", "__" or any number of "-".
bool is_separator(std::string_view text) {
  return text == "." || text == "_" || text == "__" ||
         (!text.empty() && text.find_first_not_of('-') == std::string_view::npos);
}

/// [a-z0-9]+(separator [a-z0-9]+)*
bool is_path_component(std::string_view text) {
  const auto plain = [](char c) { return is_lower(c) || is_digit(c); };
  if (text.empty() || !plain(text.front()) || !plain(text.back())) return false;
  for (auto at = text.begin(); at != text.end();) {
    const auto run = std::find_if_not(at, text.end(), plain);
    if (run == text.end()) return true;
    at = std::find_if(run, text.end(), plain);
    if (!is_separator({run, at})) return false;
  }
  return true;
}

/// [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}
bool is_tag(std::string_view tag) {
  const auto word = [](char c) { return is_alnum(c) || c == '_'; };
  return !tag.empty() && tag.size() <= kMaxTag && word(tag.front()) &&
         std::all_of(tag.begin(), tag.end(),
                     [&](char c) { return word(c) || c == '.' || c == '-'; });
}

/// Docker's rule: the first part is a host only if it cannot be a user's name there.
bool names_a_host(std::string_view first) {
  return first.find_first_of(".:") != std::string_view::npos || first == "localhost" ||
         has_upper(first);
}

struct Name {
  std::string domain;
  std::string path;
};

Name split_name(std::string_view name) {
  const std::size_t slash = name.find('/');
  Name split{std::string(kDefaultDomain), std::string(name)};
  if (slash != std::string_view::npos && names_a_host(name.substr(0, slash))) {
    split = {std::string(name.substr(0, slash)), std::string(name.substr(slash + 1))};
  }
  if (split.domain == kLegacyDomain) split.domain = kDefaultDomain;
  if (split.domain == kDefaultDomain && split.path.find('/') == std::string::npos) {
    split.path.insert(0, kOfficial);
  }
  return split;
}

void check_name(const Name& name) {
  if (has_upper(name.path)) {
    throw bad_format("repository name (" + name.path + ") must be lowercase");
  }
  if (!is_domain(name.domain) || !all_parts(name.path, '/', is_path_component)) throw bad_format();
  if (name.domain.size() + 1 + name.path.size() > kMaxName) {
    throw bad_request("repository name must not be more than 255 characters");
  }
}

}  // namespace

ImageReference ImageReference::parse(std::string_view text) {
  ImageReference reference;
  std::string_view rest = text;
  if (const std::size_t at = rest.find('@'); at != std::string_view::npos) {
    reference.digest_ = Digest::parse(rest.substr(at + 1));
    if (!reference.digest_) throw bad_format();
    rest = rest.substr(0, at);
  }
  // A colon behind the last slash starts the tag; one before it belongs to a port.
  const std::size_t slash = rest.rfind('/');
  const std::size_t colon = rest.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon != std::string_view::npos) {
    reference.tag_ = rest.substr(colon + 1);
    if (!is_tag(*reference.tag_)) throw bad_format();
    rest = rest.substr(0, colon);
  }
  if (Digest::from_hex(rest)) {
    throw bad_request("invalid repository name (" + std::string(rest) +
                      "), cannot specify 64-byte hexadecimal strings");
  }
  Name name = split_name(rest);
  check_name(name);
  reference.domain_ = std::move(name.domain);
  reference.path_ = std::move(name.path);
  return reference;
}

std::optional<ImageReference> ImageReference::maybe_parse(std::string_view text) {
  try {
    return parse(text);
  } catch (const ApiError&) {
    return std::nullopt;
  }
}

ImageReference ImageReference::with_default_tag() const {
  return tag_ || digest_ ? *this : with_tag("latest");
}

ImageReference ImageReference::with_tag(std::string_view tag) const {
  if (!is_tag(tag)) throw bad_request("invalid tag format");
  ImageReference tagged = *this;
  tagged.tag_ = tag;
  return tagged;
}

std::string ImageReference::familiar_name() const {
  if (domain_ != kDefaultDomain) return name();
  const bool official =
      path_.starts_with(kOfficial) && path_.find('/', kOfficial.size()) == std::string::npos;
  return official ? path_.substr(kOfficial.size()) : path_;
}

std::string ImageReference::suffix() const {
  std::string text;
  if (tag_) text.append(":").append(*tag_);
  if (digest_) text.append("@").append(digest_->text());
  return text;
}

}  // namespace slipway
