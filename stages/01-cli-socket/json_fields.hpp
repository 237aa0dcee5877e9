#pragma once
/// \file
/// Typed reading of JSON objects that came from outside. A wrong type is a 400 that names the field by its
/// path ("HostConfig.Memory: expected a number, got a string"); null counts as absent; unknown fields are left alone.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace slipway {

/// A view of one JSON object. Holds a reference: the document must outlive it. Thread-compatible.
class JsonFields {
 public:
  /// \param object  the object; null is taken as an empty one
  /// \param path    where it stands, for messages ("HostConfig"); empty for the top
  /// \throws ApiError 400 if it is neither object nor null
  explicit JsonFields(const nlohmann::json& object, std::string path = {});

  /// All of these \throw ApiError 400 that names the field if it has another type.
  [[nodiscard]] std::string text(std::string_view name, std::string_view fallback = {}) const;
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t fallback = 0) const;
  [[nodiscard]] bool boolean(std::string_view name, bool fallback = false) const;
  [[nodiscard]] std::optional<bool> maybe_boolean(std::string_view name) const;
  [[nodiscard]] std::optional<std::int64_t> maybe_integer(std::string_view name) const;
  /// An array of strings; absent gives an empty one.
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
  /// Docker's Cmd and Entrypoint: an array of strings or one string; absent gives nothing.
  [[nodiscard]] std::optional<std::vector<std::string>> text_or_texts(std::string_view name) const;
  /// An object of strings ("Labels").
  [[nodiscard]] std::map<std::string, std::string> text_map(std::string_view name) const;
  /// A nested object; absent gives an empty one.
  [[nodiscard]] JsonFields object(std::string_view name) const;
  /// An array of anything; absent gives an empty one.
  [[nodiscard]] const nlohmann::json& array(std::string_view name) const;
  /// The object itself; null if there is none.
  [[nodiscard]] const nlohmann::json& document() const noexcept { return *object_; }
  /// True if there and not null.
  [[nodiscard]] bool has(std::string_view name) const;
  /// "HostConfig.Memory"
  [[nodiscard]] std::string path_of(std::string_view name) const;

 private:
  [[nodiscard]] const nlohmann::json* find(std::string_view name) const;
  const nlohmann::json* object_;
  std::string path_;
};

}  // namespace slipway
