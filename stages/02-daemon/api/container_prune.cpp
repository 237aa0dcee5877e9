#include "container_prune.hpp"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "02-daemon/base/filters.hpp"
#include "02-daemon/base/human_text.hpp"
#include "02-daemon/logs/log_reader.hpp"

namespace slipway {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// Bytes of the files below a folder: what its removal gives back.
std::int64_t size_below(const std::string& folder) {
  std::int64_t size = 0;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code vanished;
    if (entry->is_regular_file(vanished) && !entry->is_symlink(vanished)) {
      const auto bytes = entry->file_size(vanished);
      if (!vanished) size += static_cast<std::int64_t>(bytes);
    }
  }
  return size;
}

/// Nanoseconds since the epoch; what is older may go. Without the filter everything may.
std::int64_t until_of(const Filters& filters) {
  const std::vector<std::string> values = filters.values("until");
  if (values.size() > 1) throw bad_request("more than one until filter specified");
  if (values.empty()) return unix_nanoseconds();
  try {
    return parse_log_time(parse_moment(values.front(), unix_nanoseconds()), "until");
  } catch (const std::runtime_error& error) {
    throw bad_request(std::string("invalid filter 'until': ") + error.what());
  }
}

bool may_go(const Container& container, const Filters& filters, std::int64_t until) {
  {
    const std::scoped_lock lock(container.mutex);
    const Status status = container.state.status;
    if (container.state.starting || (status != Status::created && status != Status::exited)) {
      return false;
    }
  }
  const auto labels = JsonFields(container.record.config, "Config").text_map("Labels");
  const auto unwanted = filters.values("label!");
  const bool spared = std::any_of(unwanted.begin(), unwanted.end(), [&](const std::string& label) {
    return has_label(labels, label);
  });
  return parse_log_time(container.record.created, "Created") < until &&
         filters.labels_match(labels) && !spared;
}

}  // namespace

json prune_containers(Engine& engine, const HttpQuery& query, Trace& trace,
                      const std::function<bool()>& keep_waiting) {
  const Filters filters(query.value("filters"), {"until", "label", "label!"});
  const std::int64_t until = until_of(filters);
  const std::unique_lock turn(engine.prune_turn(), std::try_to_lock);
  if (!turn) throw conflict("a prune operation is already running");
  json deleted;
  std::int64_t space = 0;
  for (const ContainerPtr& container : engine.containers().all()) {
    if (!keep_waiting()) break;
    if (!may_go(*container, filters, until)) continue;
    const std::int64_t size = size_below(fs::path(engine.log_path(*container)).parent_path());
    try {
      engine.remove(container->record.id, {.volumes = false}, trace, keep_waiting);
      deleted.push_back(container->record.id);
      space += size;
    } catch (const std::exception& error) {
      log_line(LogLevel::warning,
               "pruning container " + container->record.id + ": " + error.what());
    }
  }
  engine.events().publish(Event{.type = "container",
                                .action = "prune",
                                .actor = "",
                                .attributes = {{"reclaimed", std::to_string(space)}}});
  return {{"ContainersDeleted", std::move(deleted)}, {"SpaceReclaimed", space}};
}

}  // namespace slipway
