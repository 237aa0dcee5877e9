#include "powers.hpp"

#include <algorithm>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "03-namespaces/base/capabilities.hpp"
#include "default_spec.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr const char* kAll = "ALL";

/// "net_admin", "CAP_NET_ADMIN", "all" -> the kernel's name, or "ALL".
std::string normal_name(std::string name) {
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
  return name == kAll || name.starts_with("CAP_") ? name : "CAP_" + name;
}

struct Choice {
  bool all = false;
  CapabilitySet set = 0;
};

/// \param field  "CapAdd" or "CapDrop"
Choice choice_of(const JsonFields& host, const std::string& field) {
  Choice choice;
  for (const std::string& given : host.texts(field)) {
    const std::string name = normal_name(given);
    choice.all = choice.all || name == kAll;
    try {
      if (name != kAll) choice.set |= parse_capabilities({name});
    } catch (const std::runtime_error&) {
      throw bad_request("HostConfig." + field + ": invalid " + field + ": unknown capability: \"" +
                        name + "\"");
    }
  }
  return choice;
}

/// Docker's order of precedence: everything but some; nothing but some; the default list, changed. What is both added
/// and dropped is there, but for "ALL".
CapabilitySet granted(const JsonFields& host) {
  if (host.boolean("Privileged")) return bounding_set();
  const Choice added = choice_of(host, "CapAdd");
  const Choice dropped = choice_of(host, "CapDrop");
  if (added.all) return bounding_set() & ~dropped.set;
  if (dropped.all) return added.set;
  return (parse_capabilities(default_capabilities()) & ~dropped.set) | added.set;
}

struct SecurityOption {
  std::string key, value;
};

/// "KEY=VALUE", or "KEY:VALUE" as it was once written; "no-new-privileges" alone means true.
SecurityOption parse_security_option(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::size_t end = equals != std::string::npos ? equals : text.find(':');
  if (end == std::string::npos) {
    return {text, text == "no-new-privileges" ? "true" : text == "disable" ? "disable" : ""};
  }
  return {text.substr(0, end), text.substr(end + 1)};
}

bool is_true(const std::string& text) {
  return text == "true" || text == "1" || text == "t" || text == "T" || text == "TRUE" ||
         text == "True";
}

bool is_false(const std::string& text) {
  return text == "false" || text == "0" || text == "f" || text == "F" || text == "FALSE" ||
         text == "False";
}

/// A policy that nobody here would enforce is a warning: the client must not believe in it.
void warn_of_policy(const SecurityOption& option, std::vector<std::string>& warnings) {
  if (option.value == "unconfined" || option.value == "disable") return;
  warnings.push_back("HostConfig.SecurityOpt: " + option.key +
                     ": nothing in this engine enforces such a policy");
}

void check_security_option(const std::string& text, std::vector<std::string>& warnings) {
  const SecurityOption option = parse_security_option(text);
  const auto refuse = [&](int which) {
    return bad_request("HostConfig.SecurityOpt: invalid --security-opt " + std::to_string(which) +
                       ": \"" + text + "\"");
  };
  if (option.value.empty()) throw refuse(1);
  if (option.key == "seccomp" || option.key == "apparmor" || option.key == "label") {
    warn_of_policy(option, warnings);
  } else if (option.key == "no-new-privileges") {
    if (!is_true(option.value) && !is_false(option.value)) throw refuse(2);
  } else if (option.key != "disable" &&
             !(option.key == "systempaths" && option.value == "unconfined")) {
    throw refuse(2);
  }
}

bool has_option(const JsonFields& host, std::string_view key, bool (*wanted)(const std::string&)) {
  bool found = false;
  for (const std::string& text : host.texts("SecurityOpt")) {
    const SecurityOption option = parse_security_option(text);
    if (option.key == key) found = wanted(option.value);
  }
  return found;
}

/// Absent and null mean the default list; an empty list means none (`--security-opt systempaths=unconfined`).
void complete_paths(json& host_config, const char* field, bool none,
                    std::vector<std::string> (*list)()) {
  for (const std::string& path : JsonFields(host_config, "HostConfig").texts(field)) {
    if (!path.starts_with('/')) {
      throw bad_request("HostConfig." + std::string(field) + ": \"" + path +
                        "\" is not an absolute path");
    }
  }
  json& paths = host_config[field];
  if (none || paths.is_null()) paths = none ? std::vector<std::string>{} : list();
}

}  // namespace

std::vector<std::string_view> power_fields() {
  return {"Privileged", "CapAdd", "CapDrop", "SecurityOpt", "MaskedPaths", "ReadonlyPaths"};
}

void check_powers(CreateRequest& request) {
  const JsonFields host(request.host_config, "HostConfig");
  static_cast<void>(granted(host));
  for (const std::string& text : host.texts("SecurityOpt")) {
    check_security_option(text, request.warnings);
  }
  const bool open = host.boolean("Privileged") ||
                    has_option(host, "systempaths", [](const std::string&) { return true; });
  complete_paths(request.host_config, "MaskedPaths", open, default_masked_paths);
  complete_paths(request.host_config, "ReadonlyPaths", open, default_readonly_paths);
}

void write_powers(const json& host_config, json& spec) {
  const JsonFields host(host_config, "HostConfig");
  spec["process"]["capabilities"] = capability_section(capability_names(granted(host)));
  if (has_option(host, "no-new-privileges", is_true)) spec["process"]["noNewPrivileges"] = true;
  spec["linux"]["maskedPaths"] = host.texts("MaskedPaths");
  spec["linux"]["readonlyPaths"] = host.texts("ReadonlyPaths");
}

}  // namespace slipway
