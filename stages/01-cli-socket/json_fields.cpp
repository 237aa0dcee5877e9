#include "json_fields.hpp"

#include "api_error.hpp"

namespace slipway {

using nlohmann::json;

namespace {

[[noreturn]] void wrong_type(const std::string& path, std::string_view expected, const json& got) {
  throw bad_request(path + ": expected " + std::string(expected) + ", got " +
                    std::string(got.type_name()));
}

const json kNothing = json();
const json kEmptyArray = json::array();

std::vector<std::string> strings_of(const json& list, const std::string& path) {
  std::vector<std::string> strings;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_string()) wrong_type(path + "[" + std::to_string(i) + "]", "a string", list[i]);
    strings.push_back(list[i].get<std::string>());
  }
  return strings;
}

}  // namespace

JsonFields::JsonFields(const json& object, std::string path)
    : object_(&object), path_(std::move(path)) {
  if (!object.is_object() && !object.is_null()) {
    wrong_type(path_.empty() ? "request body" : path_, "an object", object);
  }
}

std::string JsonFields::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

const json* JsonFields::find(std::string_view name) const {
  if (!object_->is_object()) return nullptr;
  const auto found = object_->find(name);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

bool JsonFields::has(std::string_view name) const { return find(name) != nullptr; }

std::string JsonFields::text(std::string_view name, std::string_view fallback) const {
  const json* value = find(name);
  if (!value) return std::string(fallback);
  if (!value->is_string()) wrong_type(path_of(name), "a string", *value);
  return value->get<std::string>();
}

std::optional<std::int64_t> JsonFields::maybe_integer(std::string_view name) const {
  const json* value = find(name);
  if (!value) return std::nullopt;
  if (!value->is_number_integer()) wrong_type(path_of(name), "a whole number", *value);
  if (value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX) {
    throw bad_request(path_of(name) + ": number is too large");
  }
  return value->get<std::int64_t>();
}

std::int64_t JsonFields::integer(std::string_view name, std::int64_t fallback) const {
  return maybe_integer(name).value_or(fallback);
}

std::optional<bool> JsonFields::maybe_boolean(std::string_view name) const {
  const json* value = find(name);
  if (!value) return std::nullopt;
  if (!value->is_boolean()) wrong_type(path_of(name), "true or false", *value);
  return value->get<bool>();
}

bool JsonFields::boolean(std::string_view name, bool fallback) const {
  return maybe_boolean(name).value_or(fallback);
}

const json& JsonFields::array(std::string_view name) const {
  const json* value = find(name);
  if (!value) return kEmptyArray;
  if (!value->is_array()) wrong_type(path_of(name), "an array", *value);
  return *value;
}

std::vector<std::string> JsonFields::texts(std::string_view name) const {
  return strings_of(array(name), path_of(name));
}

std::optional<std::vector<std::string>> JsonFields::text_or_texts(std::string_view name) const {
  const json* value = find(name);
  if (!value) return std::nullopt;
  if (value->is_string()) return std::vector{value->get<std::string>()};
  if (!value->is_array()) wrong_type(path_of(name), "a string or an array of strings", *value);
  return strings_of(*value, path_of(name));
}

std::map<std::string, std::string> JsonFields::text_map(std::string_view name) const {
  std::map<std::string, std::string> map;
  const json* value = find(name);
  if (!value) return map;
  if (!value->is_object()) wrong_type(path_of(name), "an object of strings", *value);
  for (const auto& [key, entry] : value->items()) {
    if (!entry.is_string()) wrong_type(path_of(name) + "." + key, "a string", entry);
    map[key] = entry.get<std::string>();
  }
  return map;
}

JsonFields JsonFields::object(std::string_view name) const {
  const json* value = find(name);
  return JsonFields(value ? *value : kNothing, path_of(name));
}

}  // namespace slipway
