#include "ps_rows.hpp"

#include <time.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "01-cli-socket/http_message.hpp"
#include "01-cli-socket/log_line.hpp"
#include "02-daemon/base/human_text.hpp"
#include "text_table.hpp"

namespace slipway {

using nlohmann::json;
using Words = std::vector<std::string>;

namespace {

constexpr std::size_t kShortId = 12;
constexpr std::size_t kShortCommand = 20;
constexpr std::size_t kShortMount = 15;

std::string joined(const Words& parts, const std::string& separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : separator) + part;
  return text;
}

/// A run of ports that are published alike: docker shows "0.0.0.0:8000-8002->8000-8002/tcp".
struct PortRun {
  std::string ip;
  std::string type;
  int first = 0;
  int last = 0;
  int outside = 0;  ///< 0: only exposed

  [[nodiscard]] bool goes_on_with(const PortRun& next) const {
    const bool same = ip == next.ip && type == next.type && (outside > 0) == (next.outside > 0);
    return same && next.first == last + 1 &&
           (outside == 0 || next.outside == outside + next.first - first);
  }
  [[nodiscard]] std::string text() const {
    const std::string inside = range(first, last) + "/" + type;
    if (outside == 0) return inside;
    const bool v6 = ip.find(':') != std::string::npos;
    return (v6 ? "[" + ip + "]" : ip) + ":" + range(outside, outside + last - first) + "->" +
           inside;
  }
  static std::string range(int from, int to) {
    return std::to_string(from) + (to > from ? "-" + std::to_string(to) : "");
  }
};

std::string ports_of(const json& container) {
  std::vector<PortRun> runs;
  for (const json& port : container.value("Ports", json::array())) {
    const int inside = port.value("PrivatePort", 0);
    runs.push_back({.ip = port.value("IP", ""),
                    .type = port.value("Type", "tcp"),
                    .first = inside,
                    .last = inside,
                    .outside = port.value("PublicPort", 0)});
  }
  std::ranges::stable_sort(runs, {}, [](const PortRun& run) {
    return std::tuple(run.outside == 0, run.type, run.ip, run.first);
  });
  std::vector<PortRun> merged;
  for (const PortRun& run : runs) {
    if (!merged.empty() && merged.back().goes_on_with(run)) {
      merged.back().last = run.last;
    } else {
      merged.push_back(run);
    }
  }
  Words texts;
  for (const PortRun& run : merged) texts.push_back(run.text());
  return joined(texts, ", ");
}

/// Without their slash; links ("/web/alias") are no names of this container.
std::string names_of(const json& container) {
  Words names;
  for (const json& name : container.value("Names", json::array())) {
    const std::string text = name.get<std::string>().substr(1);
    if (text.find('/') == std::string::npos) names.push_back(text);
  }
  return joined(names, ",");
}

std::string labels_of(const json& labels) {
  Words texts;
  for (const auto& [key, value] : labels.items())
    texts.push_back(key + "=" + value.get<std::string>());
  return joined(texts, ",");
}

std::string mounts_of(const json& container, bool whole) {
  Words texts;
  for (const json& mount : container.value("Mounts", json::array())) {
    const std::string name = mount.value("Name", "");
    const std::string text = name.empty() ? mount.value("Source", "") : name;
    texts.push_back(whole ? text : shortened(text, kShortMount));
  }
  return joined(texts, ",");
}

std::string networks_of(const json& container) {
  Words names;
  const json networks = container.value("/NetworkSettings/Networks"_json_pointer, json::object());
  for (const auto& [name, endpoint] : networks.items()) names.push_back(name);
  return joined(names, ",");
}

std::size_t local_volumes_of(const json& container) {
  const json mounts = container.value("Mounts", json::array());
  return static_cast<std::size_t>(std::ranges::count_if(
      mounts, [](const json& mount) { return mount.value("Driver", "") == "local"; }));
}

std::string size_of(const json& container) {
  const double written = container.value("SizeRw", 0.0);
  const double all = container.value("SizeRootFs", 0.0);
  return human_size(written, 3) + (all > 0 ? " (virtual " + human_size(all, 3) + ")" : "");
}

/// "2025-06-01 12:00:00 +0000 UTC", as Go prints a moment.
std::string go_time(std::int64_t unix_seconds) {
  std::string text = rfc3339(unix_seconds * 1'000'000'000).substr(0, 19);
  text.replace(10, 1, " ");
  return text + " +0000 UTC";
}

}  // namespace

std::string short_id(const std::string& id) { return id.substr(0, kShortId); }

std::string shown_command(const std::string& command, bool whole) {
  return dump_json(whole ? command : shortened(command, kShortCommand));
}

json ps_row(const json& entry, bool whole) {
  const std::string id = entry.value("Id", "");
  const std::int64_t created = entry.value("Created", std::int64_t{0});
  const json labels = entry.value("Labels", json::object());
  return {{"ID", whole ? id : short_id(id)},
          {"Image", entry.value("Image", "")},
          {"Command", shown_command(entry.value("Command", ""), whole)},
          {"RunningFor", human_duration(::time(nullptr) - created) + " ago"},
          {"CreatedAt", go_time(created)},
          {"Status", entry.value("Status", "")},
          {"State", entry.value("State", "")},
          {"Ports", ports_of(entry)},
          {"Names", names_of(entry)},
          {"Labels", labels_of(labels)},
          {"Label", labels},
          {"Mounts", mounts_of(entry, whole)},
          {"Networks", networks_of(entry)},
          {"LocalVolumes", std::to_string(local_volumes_of(entry))},
          {"Size", size_of(entry)}};
}

json ps_titles() {
  return {{"ID", "CONTAINER ID"},
          {"Image", "IMAGE"},
          {"Command", "COMMAND"},
          {"RunningFor", "CREATED"},
          {"CreatedAt", "CREATED AT"},
          {"Status", "STATUS"},
          {"State", "STATE"},
          {"Ports", "PORTS"},
          {"Names", "NAMES"},
          {"Labels", "LABELS"},
          {"Mounts", "MOUNTS"},
          {"Networks", "NETWORKS"},
          {"LocalVolumes", "LOCAL VOLUMES"},
          {"Size", "SIZE"}};
}

}  // namespace slipway
