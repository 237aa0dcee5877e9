#include "oci_spec.hpp"

#include <algorithm>

#include "01-cli-socket/json_fields.hpp"

namespace slipway {

using nlohmann::json;

namespace {

std::string key_of(const std::string& entry) { return entry.substr(0, entry.find('=')); }

}  // namespace

std::vector<std::string> command_of(const json& config) {
  const JsonFields fields(config);
  std::vector<std::string> command =
      fields.text_or_texts("Entrypoint").value_or(std::vector<std::string>());
  for (std::string& word : fields.text_or_texts("Cmd").value_or(std::vector<std::string>())) {
    command.push_back(std::move(word));
  }
  return command;
}

json base_spec(const ContainerRecord& record) {
  const JsonFields config(record.config, "Config");
  const std::string folder = config.text("WorkingDir");
  json spec{{"ociVersion", "1.0.2"},
            {"process",
             {{"terminal", config.boolean("Tty")},
              {"args", command_of(record.config)},
              {"env", config.texts("Env")},
              {"cwd", folder.empty() ? "/" : folder},
              {"user", {{"uid", 0}, {"gid", 0}}}}},
            {"root", {{"path", "/"}}},
            {"annotations", json::object()}};
  const json& size = JsonFields(record.host_config, "HostConfig").array("ConsoleSize");
  if (size.size() == 2 && config.boolean("Tty")) {
    spec["process"]["consoleSize"] = {{"height", size[0]}, {"width", size[1]}};
  }
  return spec;
}

std::vector<std::string> merge_environment(std::vector<std::string> defaults,
                                           const std::vector<std::string>& wanted) {
  for (const std::string& entry : wanted) {
    const std::string key = key_of(entry);
    const auto there = std::ranges::find_if(
        defaults, [&](const std::string& other) { return key_of(other) == key; });
    if (key == entry) {
      if (there != defaults.end()) defaults.erase(there);
    } else if (there != defaults.end()) {
      *there = entry;
    } else {
      defaults.push_back(entry);
    }
  }
  return defaults;
}

}  // namespace slipway
