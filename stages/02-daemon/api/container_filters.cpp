#include "container_filters.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"

namespace slipway {

using nlohmann::json;

namespace {

const std::vector<std::string_view> kKnown = {
    "ancestor", "before", "exited",  "expose",  "health", "id",     "is-task", "isolation",
    "label",    "name",   "network", "publish", "since",  "status", "volume"};

constexpr std::array kStates = {Status::created, Status::dead,     Status::exited,
                                Status::paused,  Status::removing, Status::restarting,
                                Status::running};

std::optional<int> number_of(std::string_view text) {
  int number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

/// "80", "80/udp", "8000-8010/tcp".
struct PortFilter {
  int first = 0;
  int last = 0;
  std::string protocol = "tcp";
};

PortFilter parse_port(const std::string& filter, const std::string& text) {
  PortFilter port;
  const std::size_t slash = std::min(text.find('/'), text.size());
  if (slash < text.size()) port.protocol = text.substr(slash + 1);
  const std::string range = text.substr(0, slash);
  const std::size_t dash = std::min(range.find('-'), range.size());
  const auto first = number_of(range.substr(0, dash));
  const auto last = dash < range.size() ? number_of(range.substr(dash + 1)) : first;
  if (!first || !last || *first < 0 || *last > 65535 || *last < *first)
    throw bad_request("error while looking up for " + filter + " " + text + ": invalid port");
  port.first = *first;
  port.last = *last;
  return port;
}

bool holds(const PortFilter& wanted, int port, std::string_view protocol) {
  return port >= wanted.first && port <= wanted.last && protocol == wanted.protocol;
}

void check_values(const Filters& filters) {
  for (const std::string& value : filters.values("status")) {
    if (std::ranges::any_of(kStates, [&](Status state) { return value == to_string(state); }))
      continue;
    throw bad_request("invalid filter 'status=" + value + "': invalid value for state (" + value +
                      "): must be one of created, dead, exited, paused, removing, restarting, "
                      "running");
  }
  for (const std::string& value : filters.values("exited")) {
    if (!number_of(value)) throw bad_request("invalid filter 'exited=" + value + "'");
  }
  for (const std::string& value : filters.values("health")) {
    constexpr auto kHealth =
        std::to_array<std::string_view>({"healthy", "none", "starting", "unhealthy"});
    if (std::ranges::find(kHealth, value) == kHealth.end())
      throw bad_request("unrecognized filter value for health: " + value);
  }
  for (const std::string& value : filters.values("is-task")) {
    if (value != "true" && value != "false" && value != "1" && value != "0")
      throw bad_request("invalid filter 'is-task=[" + value + "]'");
  }
  for (const std::string name : {"publish", "expose"}) {
    for (const std::string& value : filters.values(name)) parse_port(name, value);
  }
}

/// "exited=137" means those that have run and ended so.
bool has_exited_with(const ContainerState& state, const std::string& code) {
  return (state.status == Status::exited || state.status == Status::dead) &&
         number_of(code) == state.exit_code;
}

bool in_network(const json& entry, const std::string& network) {
  const json& networks = entry.at("NetworkSettings").at("Networks");
  if (networks.contains(network)) return true;
  return std::ranges::any_of(networks, [&](const json& endpoint) {
    const std::string id = endpoint.value("NetworkID", "");
    return !id.empty() && id.starts_with(network);
  });
}

bool has_mount(const json& entry, const std::string& volume) {
  return std::ranges::any_of(entry.at("Mounts"), [&](const json& mount) {
    return mount.value("Name", "") == volume || mount.value("Source", "") == volume ||
           mount.value("Destination", "") == volume;
  });
}

bool publishes(const json& entry, const std::string& text) {
  const PortFilter wanted = parse_port("publish", text);
  return std::ranges::any_of(entry.at("Ports"), [&](const json& port) {
    return port.contains("PublicPort") &&
           holds(wanted, port.value("PublicPort", 0), port.value("Type", "tcp"));
  });
}

bool exposes(const ContainerRecord& record, const json& entry, const std::string& text) {
  const PortFilter wanted = parse_port("expose", text);
  const auto ports = record.config.find("ExposedPorts");
  if (ports != record.config.end() && ports->is_object()) {
    for (const auto& [port, nothing] : ports->items()) {
      const PortFilter own = parse_port("expose", port);
      if (holds(wanted, own.first, own.protocol)) return true;
    }
  }
  return std::ranges::any_of(entry.at("Ports"), [&](const json& port) {
    return holds(wanted, port.value("PrivatePort", 0), port.value("Type", "tcp"));
  });
}

bool any_matches(const std::vector<TextPattern>& patterns, const std::string& text) {
  return patterns.empty() ||
         std::ranges::any_of(patterns, [&](const auto& pattern) { return pattern.matches(text); });
}

std::vector<TextPattern> patterns_of(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

}  // namespace

ContainerFilters::ContainerFilters(const Engine& engine, const std::string& text)
    : engine_(engine),
      filters_(text, kKnown),
      ids_(patterns_of(filters_.values("id"))),
      names_(patterns_of(filters_.values("name"))) {
  check_values(filters_);
  const auto created = [&](const std::string& reference) {
    return engine.containers().find(reference)->record.created;
  };
  for (const std::string& other : filters_.values("since"))
    created_after_ = std::max(created_after_, created(other));
  for (const std::string& other : filters_.values("before"))
    created_before_ =
        created_before_.empty() ? created(other) : std::min(created_before_, created(other));
}

bool ContainerFilters::is_of_image(const ContainerRecord& record, const std::string& image) const {
  const auto own = record.config.find("Image");
  if (own != record.config.end() && *own == image) return true;
  return std::ranges::any_of(
      engine_.modules(), [&](const auto& module) { return module->descends_from(record, image); });
}

bool ContainerFilters::passes(const ContainerRecord& record, const ContainerState& state) const {
  if (filters_.empty()) return true;
  if (!created_after_.empty() && record.created <= created_after_) return false;
  if (!created_before_.empty() && record.created >= created_before_) return false;
  return filters_.any("status",
                      [&](const auto& status) { return status == to_string(state.status); }) &&
         any_matches(ids_, record.id) &&
         (any_matches(names_, record.name) || any_matches(names_, "/" + record.name)) &&
         filters_.any("exited", [&](const auto& code) { return has_exited_with(state, code); }) &&
         filters_.any("health",
                      [](const auto& health) {
                        return health == "none";  // nobody looks after it
                      }) &&
         filters_.any("is-task",
                      [](const auto& is_task) {
                        return is_task == "false" || is_task == "0";  // tasks are a swarm's
                      }) &&
         filters_.any("ancestor", [&](const auto& image) { return is_of_image(record, image); }) &&
         filters_.labels_match(JsonFields(record.config, "Config").text_map("Labels"));
}

bool ContainerFilters::entry_passes(const ContainerRecord& record, const json& entry) const {
  return filters_.any("network", [&](const auto& name) { return in_network(entry, name); }) &&
         filters_.any("volume", [&](const auto& name) { return has_mount(entry, name); }) &&
         filters_.any("publish", [&](const auto& port) { return publishes(entry, port); }) &&
         filters_.any("expose", [&](const auto& port) { return exposes(record, entry, port); });
}

}  // namespace slipway
