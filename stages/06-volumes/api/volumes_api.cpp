#include "volumes_api.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "02-daemon/base/filters.hpp"
#include "02-daemon/base/identity.hpp"

namespace slipway {

using nlohmann::json;

namespace {

bool is_true(const std::string& text) { return text == "true" || text == "1"; }

json list_volumes(const HttpRequest& request, const VolumesApi& api) {
  const Filters filters(request.query.value("filters"), {"dangling", "driver", "label", "name"});
  json list = json::array();
  for (const VolumePtr& volume : api.store.all()) {
    const bool wanted =
        filters.labels_match(volume->labels) &&
        filters.any("driver", [](const auto& driver) { return driver == "local"; }) &&
        filters.any("name",
                    [&](const auto& name) { return TextPattern(name).matches(volume->name); }) &&
        filters.any("dangling", [&](const auto& value) {
          return is_true(value) == api.users_of(volume->name).empty();
        });
    if (wanted) list.push_back(volume_view(api.store, *volume));
  }
  return {{"Volumes", std::move(list)}, {"Warnings", nullptr}};
}

json create_volume(Exchange& exchange, const VolumesApi& api) {
  const json body = parse_json(exchange.read_body());
  const JsonFields fields(body);
  const std::string driver = fields.text("Driver", "local");
  if (driver != "local" && !driver.empty()) {
    throw not_found("create " + fields.text("Name") + ": error looking up volume plugin " + driver +
                    ": plugin \"" + driver + "\" not found");
  }
  Volume wanted{.name = fields.text("Name"),
                .created = rfc3339_now(),
                .labels = fields.text_map("Labels"),
                .options = fields.text_map("DriverOpts")};
  if (wanted.name.empty()) {
    wanted.name = random_id();
    wanted.anonymous = true;
    wanted.labels["com.docker.volume.anonymous"] = "";
  }
  const auto [volume, is_new] = api.store.create(std::move(wanted));
  if (is_new) publish_volume_event(api.events, "create", volume->name);
  return volume_view(api.store, *volume);
}

void remove_volume(Exchange& exchange, const VolumesApi& api) {
  const std::string name = exchange.parameter("name");
  try {
    api.store.remove(name, api.users_of);
    publish_volume_event(api.events, "destroy", name);
  } catch (const ApiError& error) {
    if (error.status() != 404 || !exchange.request().query.flag("force")) throw;
  }
  exchange.respond({.status = 204});
}

/// Before API 1.42 all unused volumes went; since then only those without a name, unless "all" is asked for.
json prune_volumes(const HttpRequest& request, const VolumesApi& api) {
  const Filters filters(request.query.value("filters"), {"all", "label", "label!"});
  const bool all =
      api_version_below(request, "1.42") || std::ranges::any_of(filters.values("all"), is_true);
  json deleted = json::array();
  std::int64_t space = 0;
  for (const VolumePtr& volume : api.store.all()) {
    const auto spared = filters.values("label!");
    const bool kept = std::ranges::any_of(
        spared, [&](const std::string& label) { return has_label(volume->labels, label); });
    if ((!all && !volume->anonymous) || kept || !filters.labels_match(volume->labels)) continue;
    const std::int64_t size = api.store.size(*volume);
    try {
      api.store.remove(volume->name, api.users_of);
    } catch (const ApiError&) {  // in use
      continue;
    }
    publish_volume_event(api.events, "destroy", volume->name);
    deleted.push_back(volume->name);
    space += size;
  }
  api.events.publish(Event{.type = "volume",
                           .action = "prune",
                           .actor = "",
                           .attributes = {{"reclaimed", std::to_string(space)}}});
  return {{"VolumesDeleted", std::move(deleted)}, {"SpaceReclaimed", space}};
}

/// One prune at a time, as docker has it.
json prune_in_turn(const HttpRequest& request, const VolumesApi& api, std::mutex& turn) {
  const std::unique_lock lock(turn, std::try_to_lock);
  if (!lock) throw conflict("a prune operation is already running");
  return prune_volumes(request, api);
}

}  // namespace

json volume_view(const VolumeStore& store, const Volume& volume) {
  return {{"Name", volume.name},
          {"Driver", "local"},
          {"Mountpoint", store.data_folder(volume.name)},
          {"CreatedAt", volume.created.substr(0, 19) + "Z"},
          {"Labels", volume.labels.empty() ? json() : json(volume.labels)},
          {"Options", volume.options.empty() ? json() : json(volume.options)},
          {"Scope", "local"}};
}

void publish_volume_event(EventLog& events, std::string action, const std::string& volume) {
  events.publish(Event{.type = "volume",
                       .action = std::move(action),
                       .actor = volume,
                       .attributes = {{"driver", "local"}}});
}

void add_volume_routes(Router& router, const VolumesApi& api) {
  const auto turn = std::make_shared<std::mutex>();
  router.add("GET", "/volumes",
             [api](Exchange& e) { e.respond(json_response(200, list_volumes(e.request(), api))); });
  router.add("POST", "/volumes/create",
             [api](Exchange& e) { e.respond(json_response(201, create_volume(e, api))); });
  router.add("POST", "/volumes/prune", [api, turn](Exchange& e) {
    e.respond(json_response(200, prune_in_turn(e.request(), api, *turn)));
  });
  router.add("GET", "/volumes/{name}", [api](Exchange& e) {
    e.respond(json_response(200, volume_view(api.store, *api.store.find(e.parameter("name")))));
  });
  router.add("DELETE", "/volumes/{name}", [api](Exchange& e) { remove_volume(e, api); });
}

}  // namespace slipway
