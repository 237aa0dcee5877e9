#include "create_request.hpp"

#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "identity.hpp"
#include "log_config.hpp"
#include "oci_spec.hpp"
#include "signals.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// Takes a section out of the body.
json take_section(json& body, const char* name) {
  json section = json::object();
  if (body.contains(name) && !body[name].is_null()) section = std::move(body[name]);
  body.erase(name);
  static_cast<void>(JsonFields(section, name));  // an object, or a 400 that names it
  return section;
}

/// An environment entry goes into a NUL-ended string; what follows a NUL would vanish unseen.
void refuse_nul(const std::vector<std::string>& words, const std::string& field) {
  for (const std::string& word : words) {
    if (word.find('\0') != std::string::npos) throw bad_request(field + ": NUL byte");
  }
}

void check_config(const json& config) {
  const JsonFields fields(config);
  static_cast<void>(fields.text("Image"));
  static_cast<void>(fields.text("User"));
  static_cast<void>(fields.text("Hostname"));
  static_cast<void>(fields.text_map("Labels"));
  for (const char* flag :
       {"Tty", "OpenStdin", "StdinOnce", "AttachStdin", "AttachStdout", "AttachStderr"}) {
    static_cast<void>(fields.boolean(flag));
  }
  refuse_nul(command_of(config), "Cmd");
  refuse_nul(fields.texts("Env"), "Env");
  const std::string folder = fields.text("WorkingDir");
  if (!folder.empty() && !folder.starts_with("/")) {
    throw bad_request("the working directory '" + folder +
                      "' is invalid, it needs to be an absolute path");
  }
  refuse_nul({folder}, "WorkingDir");
  if (const std::string signal = fields.text("StopSignal"); !signal.empty()) parse_signal(signal);
  static_cast<void>(fields.maybe_integer("StopTimeout"));
}

void check_host_config(const json& host_config) {
  const JsonFields fields(host_config, "HostConfig");
  static_cast<void>(fields.boolean("AutoRemove"));
  static_cast<void>(fields.text("NetworkMode"));
  check_log_config(host_config);
}

}  // namespace

CreateRequest read_create_request(Exchange& exchange) {
  json body = read_json_body(exchange);
  if (body.empty()) throw bad_request("Config cannot be empty in order to create a container");
  CreateRequest request{.name = exchange.request().query.value("name"),
                        .platform = exchange.request().query.value("platform"),
                        .config = {},
                        .host_config = take_section(body, "HostConfig"),
                        .networking_config = take_section(body, "NetworkingConfig"),
                        .sections = json::object(),
                        .warnings = {}};
  request.config = std::move(body);
  if (request.name.starts_with("/")) request.name.erase(0, 1);
  if (!request.name.empty()) check_container_name(request.name);
  check_config(request.config);
  check_host_config(request.host_config);
  return request;
}

}  // namespace slipway
