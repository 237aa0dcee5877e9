#include "image_defaults.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"

namespace slipway {
namespace {

using nlohmann::json;
using Words = std::vector<std::string>;

Words words(const JsonFields& fields, std::string_view name) {
  return fields.text_or_texts(name).value_or(Words());
}

std::string_view variable_of(std::string_view assignment) {
  return assignment.substr(0, assignment.find('='));
}

/// The user's variables, then those of the image that the user did not mention.
void complete_env(const JsonFields& image, json& config) {
  Words env = JsonFields(config).texts("Env");
  const std::size_t own = env.size();
  for (const std::string& entry : image.texts("Env")) {
    const bool mentioned = std::any_of(
        env.begin(), env.begin() + static_cast<std::ptrdiff_t>(own),
        [&](const std::string& mine) { return variable_of(mine) == variable_of(entry); });
    if (!mentioned) env.push_back(entry);
  }
  config["Env"] = env;
}

void complete_command(const JsonFields& image, json& config) {
  auto entrypoint = JsonFields(config).text_or_texts("Entrypoint");  // absent is not the same as []
  Words command = words(JsonFields(config), "Cmd");
  // The image's Cmd is meant as arguments of the image's Entrypoint: with one of the user's own it is dropped, too.
  if (!entrypoint || entrypoint->empty()) {
    if (command.empty()) command = words(image, "Cmd");
    if (!entrypoint) entrypoint = words(image, "Entrypoint");
  }
  // `--entrypoint ""` comes as [""]: none, and not the image's either.
  if (!entrypoint || *entrypoint == Words{""}) entrypoint = Words();
  if (entrypoint->empty() && command.empty()) throw bad_request("no command specified");
  config["Cmd"] = command.empty() ? json() : json(command);
  config["Entrypoint"] = entrypoint->empty() ? json() : json(*entrypoint);
}

/// Objects whose keys are names: the image's are added where the user has none of that name.
void complete_names(const json& image, json& config, const char* name) {
  static_cast<void>(JsonFields(config).object(name));  // the right type, or absent
  const auto found = image.find(name);
  if (found == image.end() || found->is_null()) return;
  json joined = *found;
  if (config.contains(name) && config[name].is_object()) joined.update(config[name]);
  config[name] = std::move(joined);
}

/// A field that is taken whole if the user left it empty.
void complete_text(const JsonFields& image, json& config, const char* name) {
  const std::string value = image.text(name);
  if (!value.empty() && JsonFields(config).text(name).empty()) config[name] = value;
}

}  // namespace

void complete_from_image(const json& run_config, json& config) {
  const JsonFields image(run_config, "image config");
  complete_command(image, config);
  complete_env(image, config);
  for (const char* name : {"User", "WorkingDir", "StopSignal"}) complete_text(image, config, name);
  for (const char* name : {"Labels", "ExposedPorts", "Volumes", "Healthcheck"}) {
    complete_names(run_config, config, name);
  }
}

}  // namespace slipway
