#include "event_log.hpp"

#include <nlohmann/json.hpp>

#include "01-cli-socket/json_fields.hpp"
#include "02-daemon/base/human_text.hpp"
#include "containers.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// What an event was about before there were types: the fields `status`, `id` and `from` of API 1.21 and older, which
/// clients still read. Only containers and images have them.
void add_legacy_fields(const Event& event, json& document) {
  if (event.type != "container" && event.type != "image") return;
  document["status"] = event.action;
  document["id"] = event.actor;
  const auto image = event.attributes.find("image");
  if (image != event.attributes.end()) document["from"] = image->second;
}

}  // namespace

void EventLog::publish(Event event) {
  event.time_ns = unix_nanoseconds();
  feed_.publish(std::move(event));
}

void EventLog::publish(const Container& container, std::string action,
                       std::map<std::string, std::string> attributes) {
  const JsonFields config(container.record.config, "Config");
  attributes.merge(config.text_map("Labels"));
  attributes["image"] = config.text("Image");
  attributes["name"] = container.record.name.get();
  publish(Event{.type = "container",
                .action = std::move(action),
                .actor = container.record.id,
                .attributes = std::move(attributes)});
}

json to_json(const Event& event) {
  json document{{"Type", event.type},
                {"Action", event.action},
                {"Actor", {{"ID", event.actor}, {"Attributes", event.attributes}}},
                {"scope", "local"},
                {"time", event.time_ns / 1'000'000'000},
                {"timeNano", event.time_ns}};
  add_legacy_fields(event, document);
  return document;
}

}  // namespace slipway
