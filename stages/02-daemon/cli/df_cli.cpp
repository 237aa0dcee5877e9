#include <time.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "02-daemon/base/human_text.hpp"
#include "container_cli.hpp"
#include "format_cli.hpp"
#include "ps_rows.hpp"
#include "text_table.hpp"

namespace slipway {

using nlohmann::json;
using Rows = std::vector<std::vector<std::string>>;

namespace {

const json& list_of(const json& usage, const char* name) {
  static const json nothing = json::array();
  const auto found = usage.find(name);
  return found != usage.end() && found->is_array() ? *found : nothing;
}

/// "12MB (40%)"
std::string share(double part, double whole) {
  const std::string text = human_size(part);
  if (whole <= 0) return text;
  return text + " (" + std::to_string(static_cast<int>(part * 100 / whole)) + "%)";
}

json summary(const char* type, std::size_t count, std::size_t active, double size,
             const std::string& reclaimable) {
  return {{"Type", type},
          {"TotalCount", std::to_string(count)},
          {"Active", std::to_string(active)},
          {"Size", human_size(size)},
          {"Reclaimable", reclaimable}};
}

std::size_t count_if(const json& list, bool (*holds)(const json&)) {
  return static_cast<std::size_t>(std::ranges::count_if(list, holds));
}

/// What no container needs.
json images_summary(const json& usage) {
  const json& images = list_of(usage, "Images");
  const double total = usage.value("LayersSize", 0.0);
  double used = 0;
  for (const json& image : images) {
    const double shared = std::max(image.value("SharedSize", 0.0), 0.0);
    if (image.value("Containers", 0) > 0) used += image.value("Size", 0.0) - shared;
  }
  const auto active =
      count_if(images, [](const json& image) { return image.value("Containers", 0) > 0; });
  return summary("Images", images.size(), active, total, share(std::max(total - used, 0.0), total));
}

bool is_active(const json& container) {
  const std::string state = container.value("State", "");
  return state == "running" || state == "paused" || state == "restarting";
}

json containers_summary(const json& usage) {
  const json& containers = list_of(usage, "Containers");
  double total = 0;
  double idle = 0;
  for (const json& container : containers) {
    const double size = container.value("SizeRw", 0.0);
    total += size;
    if (!is_active(container)) idle += size;
  }
  return summary("Containers", containers.size(), count_if(containers, is_active), total,
                 share(idle, total));
}

std::int64_t usage_of(const json& volume, const char* name) {
  const json data = volume.value("UsageData", json::object());
  return data.is_object() ? data.value(name, std::int64_t{0}) : 0;
}

json volumes_summary(const json& usage) {
  const json& volumes = list_of(usage, "Volumes");
  double total = 0;
  double unused = 0;
  for (const json& volume : volumes) {
    const auto size = static_cast<double>(std::max(usage_of(volume, "Size"), std::int64_t{0}));
    total += size;
    if (usage_of(volume, "RefCount") == 0) unused += size;
  }
  const auto active =
      count_if(volumes, [](const json& volume) { return usage_of(volume, "RefCount") > 0; });
  return summary("Local Volumes", volumes.size(), active, total, share(unused, total));
}

json cache_summary(const json& usage) {
  const json& entries = list_of(usage, "BuildCache");
  double total = 0;
  double unused = 0;
  for (const json& entry : entries) {
    if (entry.value("Shared", false)) continue;
    total += entry.value("Size", 0.0);
    if (!entry.value("InUse", false)) unused += entry.value("Size", 0.0);
  }
  const auto active =
      count_if(entries, [](const json& entry) { return entry.value("InUse", false); });
  return summary("Build Cache", entries.size(), active, total, human_size(unused));
}

std::string ago(std::int64_t created) { return human_duration(::time(nullptr) - created) + " ago"; }

/// "busybox:latest" as its two columns.
std::pair<std::string, std::string> repository_and_tag(const json& image) {
  const json& tags = list_of(image, "RepoTags");
  if (tags.empty()) return {"<none>", "<none>"};
  const std::string name = tags[0];
  const std::size_t colon = name.rfind(':');
  return {name.substr(0, colon), name.substr(colon + 1)};
}

std::string images_table(const json& usage) {
  Rows rows{{"REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", "SHARED SIZE", "UNIQUE SIZE",
             "CONTAINERS"}};
  for (const json& image : list_of(usage, "Images")) {
    const auto [repository, tag] = repository_and_tag(image);
    const double shared = std::max(image.value("SharedSize", 0.0), 0.0);
    const double size = image.value("Size", 0.0);
    rows.push_back({repository, tag, image.value("Id", "").substr(7, 12),
                    ago(image.value("Created", 0LL)), human_size(size, 3), human_size(shared),
                    human_size(size - shared), std::to_string(image.value("Containers", 0))});
  }
  return text_table(rows);
}

std::string containers_table(const json& usage) {
  Rows rows{
      {"CONTAINER ID", "IMAGE", "COMMAND", "LOCAL VOLUMES", "SIZE", "CREATED", "STATUS", "NAMES"}};
  for (const json& container : list_of(usage, "Containers")) {
    const json row = ps_row(container, false);
    rows.push_back({row["ID"], row["Image"], row["Command"], row["LocalVolumes"],
                    human_size(container.value("SizeRw", 0.0), 3), row["RunningFor"], row["Status"],
                    row["Names"]});
  }
  return text_table(rows);
}

std::string volumes_table(const json& usage) {
  Rows rows{{"VOLUME NAME", "LINKS", "SIZE"}};
  for (const json& volume : list_of(usage, "Volumes")) {
    const auto size = static_cast<double>(std::max(usage_of(volume, "Size"), std::int64_t{0}));
    rows.push_back(
        {volume.value("Name", ""), std::to_string(usage_of(volume, "RefCount")), human_size(size)});
  }
  return text_table(rows);
}

std::string cache_table(const json& usage) {
  Rows rows{{"CACHE ID", "CACHE TYPE", "SIZE", "CREATED", "LAST USED", "USAGE", "SHARED"}};
  for (const json& entry : list_of(usage, "BuildCache")) {
    rows.push_back({short_id(entry.value("ID", "")), entry.value("Type", ""),
                    human_size(entry.value("Size", 0.0), 3), entry.value("CreatedAt", ""),
                    entry.value("LastUsedAt", ""), std::to_string(entry.value("UsageCount", 0)),
                    entry.value("Shared", false) ? "true" : "false"});
  }
  return text_table(rows);
}

constexpr char kTable[] =
    "table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}";

class DfCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "system df", .aliases = {}, .summary = "Show what takes up the disk"};
  }
  std::vector<Option> options() override {
    return {{"-v,--verbose", &verbose_, "Show each image, container and volume"},
            {"--format", &format_, "Print by this template: {{.Type}} {{.Size}}, or json"}};
  }

  int run(CliContext& context) override {
    const json usage = context.api.call("GET", "/system/df");
    if (verbose_) {
      print_verbose(context.out, usage);
      return 0;
    }
    const json titles = {{"Type", "TYPE"},
                         {"TotalCount", "TOTAL"},
                         {"Active", "ACTIVE"},
                         {"Size", "SIZE"},
                         {"Reclaimable", "RECLAIMABLE"}};
    const bool plain = format_.empty() || format_ == "table";
    print_rows(context.out, plain ? kTable : format_, titles,
               {images_summary(usage), containers_summary(usage), volumes_summary(usage),
                cache_summary(usage)});
    return 0;
  }

 private:
  static void print_verbose(std::ostream& out, const json& usage) {
    out << "Images space usage:\n\n"
        << images_table(usage) << "\nContainers space usage:\n\n"
        << containers_table(usage) << "\nLocal Volumes space usage:\n\n"
        << volumes_table(usage)
        << "\nBuild cache usage: " << cache_summary(usage)["Size"].get<std::string>() << "\n\n"
        << cache_table(usage);
  }

  bool verbose_ = false;
  std::string format_;
};

}  // namespace

Commands df_commands() {
  Commands commands;
  commands.push_back(std::make_unique<DfCommand>());
  return commands;
}

}  // namespace slipway
