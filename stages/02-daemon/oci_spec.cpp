#include "oci_spec.hpp"

#include "01-cli-socket/json_fields.hpp"

namespace slipway {

using nlohmann::json;

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
  return {{"ociVersion", "1.0.2"},
          {"process",
           {{"terminal", config.boolean("Tty")},
            {"args", command_of(record.config)},
            {"env", config.texts("Env")},
            {"cwd", folder.empty() ? "/" : folder},
            {"user", {{"uid", 0}, {"gid", 0}}}}},
          {"root", {{"path", "/"}}},
          {"annotations", json::object()}};
}

}  // namespace slipway
