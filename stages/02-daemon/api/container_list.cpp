#include <nlohmann/json.hpp>

#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/router.hpp"
#include "02-daemon/engine/container_states.hpp"
#include "02-daemon/engine/oci_spec.hpp"
#include "container_filters.hpp"
#include "container_view.hpp"
#include "inspect_defaults.hpp"
#include "status_text.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// As docker shows it: arguments with spaces in quotes.
std::string joined_command(const json& config) {
  std::string text;
  for (const std::string& word : command_of(config)) {
    const bool quoted = !text.empty() && word.find(' ') != std::string::npos;
    if (!text.empty()) text += ' ';
    text += quoted ? "'" + word + "'" : word;
  }
  return text;
}

/// The address of a field that everybody has to read; null if it is not there.
const json& field_of(const json& object, const char* name) {
  static const json nothing;
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

json list_entry(const Engine& engine, const ContainerRecord& record, const ContainerState& state) {
  const json& labels = field_of(record.config, "Labels");
  const json& image = field_of(record.config, "Image");
  const std::string mode = network_mode_of(record);
  json entry;
  entry["Id"] = record.id;
  entry["Names"] = json::array({"/" + record.name});
  entry["Image"] = image.is_string() ? image : json("");
  entry["ImageID"] = "";
  entry["Command"] = joined_command(record.config);
  entry["Created"] = unix_seconds_of(record.created);
  entry["Ports"] = json::array();
  entry["Labels"] = labels.is_object() ? labels : json::object();
  entry["State"] = to_string(state.status);
  entry["Status"] = status_text(state);
  entry["HostConfig"]["NetworkMode"] = mode;
  entry["NetworkSettings"]["Networks"] = networks_of(record);
  entry["Mounts"] = json::array();
  for (const auto& module : engine.modules()) module->describe_in_list(record, entry);
  return entry;
}

/// What a request of this version does not know, or still knows.
void fit_to_version(const HttpRequest& request, const ContainerRecord& record, json& entry) {
  const json& notes = field_of(record.host_config.get(), "Annotations");
  if (!api_version_below(request, "1.46") && notes.is_object() && !notes.empty())
    entry["HostConfig"]["Annotations"] = notes;
  for (json& endpoint : entry["NetworkSettings"]["Networks"])
    fit_endpoint_to_version(request, endpoint);
}

/// Zero sizes are left out of lists, as docker does.
void add_sizes(const Engine& engine, const ContainerRecord& record, json& entry) {
  json sizes = sizes_of(engine, record);
  for (const auto& [name, size] : sizes.items()) {
    if (size != 0) entry[name] = size;
  }
}

}  // namespace

void list_containers(const Engine& engine, const HttpRequest& request,
                     const std::function<void(json entry)>& sink) {
  const HttpQuery& query = request.query;
  const ContainerFilters filters(engine, query.value("filters"));
  const long limit = query.number("limit").value_or(0);
  const bool all = query.flag("all") || limit > 0 || filters.implies_all();
  const bool with_sizes = query.flag("size");
  long listed = 0;
  for (const ContainerPtr& container : engine.containers().all()) {
    const ContainerRecord& record = container->record;
    const ContainerState state = state_of(*container);
    if ((!all && !is_up(state.status)) || !filters.passes(record, state)) continue;
    json entry = list_entry(engine, record, state);
    if (!filters.entry_passes(record, entry)) continue;
    fit_to_version(request, record, entry);
    if (with_sizes) add_sizes(engine, record, entry);
    sink(std::move(entry));
    if (++listed == limit) break;
  }
}

std::string containers_text(const Engine& engine, const HttpRequest& request) {
  std::string text = "[";
  list_containers(engine, request, [&](const json& entry) {
    if (text.size() > 1) text += ',';
    text += dump_json(entry);
  });
  return text + "]\n";
}

}  // namespace slipway
