#include "resource_fields.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <vector>

#include "02-daemon/base/human_text.hpp"

namespace slipway {

using nlohmann::json;
using Words = std::vector<std::string>;

namespace {

constexpr unsigned long kLeastWeight = 10;
constexpr unsigned long kMostWeight = 1000;

std::optional<unsigned long> whole_number(const std::string& text) {
  unsigned long number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

/// "/dev/sda:VALUE" in two.
std::pair<std::string, std::string> device_and_value(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0) throw std::runtime_error("bad format: " + text);
  if (!text.starts_with("/dev/")) {
    throw std::runtime_error("bad format for device path: " + text);
  }
  return {text.substr(0, colon), text.substr(colon + 1)};
}

/// The fields of one line of CSV (RFC 4180): a field in quotes may hold commas.
Words csv_fields(const std::string& text) {
  Words fields(1);
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

json count_of(const std::string& text) {
  if (text == "all") return -1;
  const auto count = whole_number(text);
  if (!count) throw std::runtime_error("count must be an integer: invalid value '" + text + "'");
  return *count;
}

void set_gpu_key(const std::string& key, const std::string& value, json& request) {
  if (key == "driver") {
    request["Driver"] = value;
  } else if (key == "count") {
    request["Count"] = count_of(value);
  } else if (key == "device") {
    request["DeviceIDs"] = csv_fields(value);
  } else if (key == "capabilities") {
    Words names = csv_fields(value);
    names.emplace_back("gpu");
    request["Capabilities"] = json::array({names});
  } else if (key == "options") {
    for (const std::string& option : csv_fields(value)) {
      const std::size_t equals = std::min(option.find('='), option.size());
      request["Options"][option.substr(0, equals)] =
          option.substr(std::min(equals + 1, option.size()));
    }
  } else {
    throw std::runtime_error("unexpected key '" + key + "' in '" + key + "=" + value + "'");
  }
}

}  // namespace

json weight_device(const std::string& text) {
  const auto [path, value] = device_and_value(text);
  const auto weight = whole_number(value);
  if (!weight || (*weight > 0 && (*weight < kLeastWeight || *weight > kMostWeight))) {
    throw std::runtime_error("invalid weight for device: " + text);
  }
  return {{"Path", path}, {"Weight", *weight}};
}

json bytes_rate(const std::string& text) {
  const auto [path, value] = device_and_value(text);
  try {
    return {{"Path", path}, {"Rate", parse_size(value)}};
  } catch (const std::exception&) {
    throw std::runtime_error("invalid rate for device: " + text +
                             ". The correct format is <device-path>:<number>[<unit>]. Number must "
                             "be a positive integer. "
                             "Unit is optional and can be kb, mb, or gb");
  }
}

json operations_rate(const std::string& text) {
  const auto [path, value] = device_and_value(text);
  const auto rate = whole_number(value);
  if (!rate) {
    throw std::runtime_error(
        "invalid rate for device: " + text +
        ". The correct format is <device-path>:<number>. Number must be a positive integer");
  }
  return {{"Path", path}, {"Rate", *rate}};
}

json gpu_request(const std::string& text) {
  json request = {{"Capabilities", json::array({json::array({"gpu"})})}};
  std::set<std::string> seen;
  for (const std::string& field : csv_fields(text)) {
    const std::size_t equals = field.find('=');
    const std::string key = equals == std::string::npos ? "count" : field.substr(0, equals);
    if (!seen.insert(key).second) {
      throw std::runtime_error("gpu request key '" + key + "' can be specified only once");
    }
    set_gpu_key(key, equals == std::string::npos ? field : field.substr(equals + 1), request);
  }
  if (!request.contains("Count") && !request.contains("DeviceIDs")) request["Count"] = 1;
  return request;
}

}  // namespace slipway
