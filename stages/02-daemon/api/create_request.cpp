#include "create_request.hpp"

#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "02-daemon/base/identity.hpp"
#include "02-daemon/base/signals.hpp"
#include "02-daemon/engine/log_config.hpp"
#include "02-daemon/engine/oci_spec.hpp"
#include "02-daemon/engine/restart_policy.hpp"
#include "request_shape.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// A name is also a host name for its neighbours and a word in file names.
constexpr std::size_t kLongestName = 255;

/// Takes a section out of the body.
json take_section(json& body, const char* name) {
  json section = json::object();
  if (body.contains(name) && !body[name].is_null()) section = std::move(body[name]);
  body.erase(name);
  static_cast<void>(JsonFields(section, name));  // an object, or a 400 that names it
  return section;
}

/// Zero means "the default"; shorter than a millisecond would be a mistake in the unit, which is nanoseconds.
void check_health(const JsonFields& check) {
  constexpr std::int64_t kMillisecond = 1'000'000;
  for (const std::string field : {"Interval", "Timeout", "StartPeriod", "StartInterval"}) {
    const std::int64_t value = check.integer(field);
    if (value != 0 && value < kMillisecond) {
      throw bad_request(field + " in Healthcheck cannot be less than 1ms");
    }
  }
  if (check.integer("Retries") < 0) throw bad_request("Retries in Healthcheck cannot be negative");
}

void check_config(const json& config) {
  const JsonFields fields(config);
  for (const std::string& word : fields.texts("Env")) {
    if (word.empty() || word.starts_with('=')) {
      throw bad_request("Env: invalid environment variable: " + word);
    }
  }
  const std::string folder = fields.text("WorkingDir");
  if (!folder.empty() && !folder.starts_with("/")) {
    throw bad_request("the working directory '" + folder +
                      "' is invalid, it needs to be an absolute path");
  }
  if (const std::string signal = fields.text("StopSignal"); !signal.empty()) parse_signal(signal);
  check_health(fields.object("Healthcheck"));
}

void check_host_config(CreateRequest& request) {
  static_cast<void>(restart_policy_of(request.host_config));
  check_log_config(request.host_config, request.warnings);
}

}  // namespace

CreateRequest read_create_request(Exchange& exchange) {
  json body = read_json_body(exchange);
  if (body.empty()) throw bad_request("Config cannot be empty in order to create a container");
  check_shape(body);
  CreateRequest request{.name = exchange.request().query.value("name"),
                        .platform = exchange.request().query.value("platform"),
                        .config = {},
                        .host_config = take_section(body, "HostConfig"),
                        .networking_config = take_section(body, "NetworkingConfig"),
                        .sections = json::object(),
                        .warnings = {}};
  request.config = std::move(body);
  if (request.name.starts_with("/")) request.name.erase(0, 1);
  if (request.name.size() > kLongestName) {
    throw bad_request("name: longer than " + std::to_string(kLongestName) + " characters");
  }
  if (!request.name.empty()) check_container_name(request.name);
  check_config(request.config);
  check_host_config(request);
  return request;
}

}  // namespace slipway
