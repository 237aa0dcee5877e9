#include "create_options.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace slipway {

using nlohmann::json;

namespace {

struct ModeFlag {
  const char* field;
  const char* flag;
  const char* word;
  bool joins;  ///< takes "container:NAME"
  bool own;    ///< takes "private"
};

constexpr auto kModeFlags = std::to_array<ModeFlag>({
    {"PidMode", "--pid", "PID", true, false},
    {"UTSMode", "--uts", "UTS", false, false},
    {"UsernsMode", "--userns", "USER", false, false},
    {"CgroupnsMode", "--cgroupns", "CGROUP", false, true},
});

void check_mode(const json& host, const ModeFlag& mode) {
  constexpr std::string_view kJoin = "container:";
  const std::string value = host.value(mode.field, "");
  const bool fine = value.empty() || value == "host" || (mode.own && value == "private") ||
                    (mode.joins && value.starts_with(kJoin) && value.size() > kJoin.size());
  if (!fine) {
    throw std::runtime_error(std::string(mode.flag) + ": invalid " + mode.word + " mode");
  }
}

std::string seccomp_profile(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    throw std::runtime_error("opening seccomp profile (" + path + ") failed: open " + path +
                             ": no such file or directory");
  }
  const std::string text(std::istreambuf_iterator<char>(file), {});
  try {
    return nlohmann::ordered_json::parse(text).dump();  // the order of its rules counts
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error("compacting json for seccomp profile (" + path +
                             ") failed: " + error.what());
  }
}

void check_health(const json& check) {
  constexpr auto kFlags = std::to_array<std::pair<const char*, const char*>>(
      {{"Interval", "--health-interval"},
       {"Timeout", "--health-timeout"},
       {"Retries", "--health-retries"},
       {"StartPeriod", "--health-start-period"},
       {"StartInterval", "--health-start-interval"}});
  for (const auto& [field, flag] : kFlags) {
    if (check.value(field, 0L) < 0) {
      throw std::runtime_error(std::string(flag) + " cannot be negative");
    }
  }
}

}  // namespace

void add_security_options(const std::vector<std::string>& options, json& host_config) {
  for (std::string option : options) {
    if (option == "systempaths=unconfined") {
      host_config["MaskedPaths"] = json::array();
      host_config["ReadonlyPaths"] = json::array();
      continue;
    }
    if (option.find_first_of("=:") == std::string::npos && option != "no-new-privileges") {
      throw std::runtime_error("Invalid --security-opt: \"" + option + "\"");
    }
    if (option.starts_with("seccomp=") && option != "seccomp=unconfined" &&
        option != "seccomp=builtin") {
      option = "seccomp=" + seccomp_profile(option.substr(option.find('=') + 1));
    }
    host_config["SecurityOpt"].push_back(option);
  }
}

void add_no_healthcheck(json& body) {
  if (body.contains("Healthcheck")) {
    throw std::runtime_error("--no-healthcheck conflicts with --health-* options");
  }
  body["Healthcheck"] = {{"Test", {"NONE"}}};
}

void check_create_body(const json& body) {
  const json host = body.value("HostConfig", json::object());
  for (const ModeFlag& mode : kModeFlags) check_mode(host, mode);
  const std::string restart = host.value("/RestartPolicy/Name"_json_pointer, "no");
  if (host.value("AutoRemove", false) && restart != "no" && !restart.empty()) {
    throw std::runtime_error("conflicting options: cannot specify both --restart and --rm");
  }
  const json log = host.value("LogConfig", json::object());
  if (log.value("Type", "") == "none" && log.contains("Config")) {
    throw std::runtime_error("invalid logging opts for driver none");
  }
  if (body.contains("Healthcheck")) check_health(body["Healthcheck"]);
}

}  // namespace slipway
