#include "event_api.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "02-daemon/base/client_watch.hpp"
#include "02-daemon/base/human_text.hpp"
#include "02-daemon/logs/log_reader.hpp"

namespace slipway {
namespace {

constexpr int kLookMilliseconds = 500;

/// Types whose filter names one object.
constexpr std::string_view kObjects[] = {"container", "daemon",  "network", "plugin", "volume",
                                         "node",      "service", "secret",  "config"};

const std::vector<std::string_view> kKnownFilters = {
    "container", "daemon", "event", "image",  "label",   "network", "node",
    "plugin",    "scope",  "type",  "secret", "service", "config",  "volume"};

std::string attribute(const Event& event, const std::string& name) {
  const auto found = event.attributes.find(name);
  return found == event.attributes.end() ? "" : found->second;
}

/// "busybox:latest" without its tag; the colon of a registry's port is none.
std::string without_tag(const std::string& image) {
  const std::size_t colon = image.rfind(':');
  const bool tag = colon != std::string::npos && image.find('/', colon) == std::string::npos;
  return tag ? image.substr(0, colon) : image;
}

bool passes_object(const Event& event, const Filters& filters, const std::string& type) {
  return filters.any(type, [&](const std::string& wanted) {
    return event.actor.starts_with(wanted) || attribute(event, "name").starts_with(wanted);
  });
}

bool passes_image(const Event& event, const Filters& filters) {
  const std::string name = attribute(event, event.type == "image" ? "name" : "image");
  return filters.any("image", [&](const std::string& wanted) {
    return wanted == event.actor || wanted == name || wanted == without_tag(name) ||
           (event.type == "image" && wanted == without_tag(event.actor));
  });
}

bool passes_action(const Event& event, const Filters& filters) {
  return filters.any("event", [&](const std::string& wanted) {
    if (wanted == event.action) return true;
    const bool family =
        wanted == "exec_create" || wanted == "exec_start" || wanted == "health_status";
    return family && event.action.starts_with(wanted);
  });
}

/// The window that a client asked for.
struct Window {
  std::int64_t since = 0;
  std::int64_t until = std::numeric_limits<std::int64_t>::max();
  bool past = false;  ///< it wants to hear of what has happened already
};

Window read_window(const HttpQuery& query) {
  Window window;
  const std::string since = query.value("since");
  const std::string until = query.value("until");
  if (!since.empty()) window.since = parse_log_time(since, "since");
  if (!until.empty() && until != "0") window.until = parse_log_time(until, "until");
  window.past = !since.empty() || !until.empty();
  return window;
}

/// How long to wait for the next event: not beyond the window's end.
int patience(const Window& window) {
  const std::int64_t left = (window.until - unix_nanoseconds()) / 1'000'000 + 1;
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, kLookMilliseconds));
}

}  // namespace

bool passes(const Event& event, const Filters& filters) {
  const auto equals = [&](const std::string& filter, const std::string& value) {
    return filters.any(filter, [&](const std::string& wanted) { return wanted == value; });
  };
  return equals("type", event.type) && equals("scope", "local") && passes_action(event, filters) &&
         passes_image(event, filters) && filters.labels_match(event.attributes) &&
         std::all_of(std::begin(kObjects), std::end(kObjects), [&](std::string_view type) {
           return passes_object(event, filters, std::string(type));
         });
}

void serve_events(Exchange& exchange, const EventLog& events,
                  const std::function<bool()>& stopping) {
  const HttpQuery& query = exchange.request().query;
  const Window window = read_window(query);
  const Filters filters(query.value("filters"), kKnownFilters);
  std::uint64_t number = window.past ? 1 : events.feed().next_number();
  exchange.begin_stream({.status = 200, .headers = {{"Content-Type", "application/json"}}});
  while (!stopping() && !client_left(exchange)) {
    const auto item = events.feed().next(number, patience(window));
    if (!item) {
      if (unix_nanoseconds() >= window.until) break;
      continue;
    }
    number = item->number + 1;
    const Event& event = item->value;
    if (event.time_ns > window.until) break;
    if (event.time_ns < window.since || !passes(event, filters)) continue;
    exchange.write_chunk(dump_json(to_json(event)) + "\n");
  }
  exchange.end_stream();
}

}  // namespace slipway
