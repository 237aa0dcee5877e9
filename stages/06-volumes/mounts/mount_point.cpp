#include "mount_point.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <initializer_list>
#include <set>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "03-namespaces/base/annotations.hpp"
#include "03-namespaces/engine/default_spec.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr auto kPropagations = std::to_array<std::string_view>(
    {"private", "rprivate", "shared", "rshared", "slave", "rslave"});
/// Words that other systems need (SELinux labels, caches of a virtual machine): accepted, nothing to do.
constexpr auto kIdleWords =
    std::to_array<std::string_view>({"z", "Z", "consistent", "cached", "delegated", "default"});

bool is_one_of(std::string_view word, const auto& words) {
  return std::ranges::find(words, word) != words.end();
}

std::string normal(const std::string& path) {
  std::string text = std::filesystem::path(path).lexically_normal();
  if (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

/// \param about  how docker begins the message
std::string checked_destination(const std::string& path, const std::string& about) {
  if (!path.starts_with('/')) {
    throw bad_request(about + ": invalid mount path: '" + path + "' mount path must be absolute");
  }
  std::string place = normal(path);
  if (place == "/") throw bad_request(about + ": invalid specification: destination can't be '/'");
  if (place == "/proc" || place.starts_with("/proc/")) {
    throw bad_request(about + ": \"" + path + "\" cannot be mounted because it is inside /proc");
  }
  return place;
}

void take_mode_word(const std::string& word, const std::string& text, MountPoint& point) {
  const bool bind = point.type == "bind";
  if (word == "ro") {
    point.writable = false;
  } else if (bind && is_one_of(word, kPropagations)) {
    point.propagation = word;
  } else if (word != "rw" && !is_one_of(word, kIdleWords) && !(word == "nocopy" && !bind)) {
    throw bad_request("invalid volume specification: '" + text + "': invalid mode: " + point.mode);
  }
}

/// What we do not do yet is refused by its name, not passed over.
void refuse_unsupported(const JsonFields& options, const std::string& section,
                        std::initializer_list<const char*> fields, const std::string& about) {
  if (!options.document().is_object()) return;
  for (const char* field : fields) {
    const auto found = options.document().find(field);
    if (found == options.document().end() || found->is_null() || found->empty()) continue;
    if (*found == json(false) || *found == json("")) continue;
    throw bad_request(about + ": " + section + "." + field + " is not supported");
  }
}

/// 01777 is "mode=1777" for the kernel.
std::string mode_option(std::int64_t mode, const std::string& about) {
  if (mode < 0 || mode > 07777) throw bad_request(about + ": TmpfsOptions.Mode is no file mode");
  char digits[8];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), mode, 8);
  return "mode=" + std::string(std::begin(digits), end.ptr);
}

json anonymous_volume(const std::string& path) { return {{"Type", "volume"}, {"Target", path}}; }

/// One object of HostConfig.Mounts.
MountPoint parse_mount(const JsonFields& mount) {
  const std::string type = mount.text("Type");
  const std::string about = "invalid mount config for type \"" + type + "\"";
  if (type != "bind" && type != "volume" && type != "tmpfs")
    throw bad_request("mount type unknown: \"" + type + "\"");
  if (mount.text("Target").empty()) throw bad_request(about + ": field Target must not be empty");
  MountPoint point{.type = type,
                   .destination = checked_destination(mount.text("Target"), about),
                   .writable = !mount.boolean("ReadOnly")};
  const std::string source = mount.text("Source");
  if (type == "volume") {
    refuse_unsupported(mount.object("VolumeOptions"), "VolumeOptions", {"Subpath"}, about);
    point.name = source;
    point.mode = "z";
  } else if (type == "tmpfs") {
    if (!source.empty()) throw bad_request(about + ": field Source must not be specified");
    const JsonFields options = mount.object("TmpfsOptions");
    if (const auto size = options.integer("SizeBytes"); size > 0)
      point.options.push_back("size=" + std::to_string(size));
    if (const auto mode = options.integer("Mode"); mode != 0)
      point.options.push_back(mode_option(mode, about));
    refuse_unsupported(options, "TmpfsOptions", {"Options"}, about);
  } else {
    if (source.empty()) throw bad_request(about + ": field Source must not be empty");
    if (!source.starts_with('/')) {
      throw bad_request(about + ": invalid mount path: '" + source +
                        "' mount path must be absolute");
    }
    const JsonFields options = mount.object("BindOptions");
    refuse_unsupported(options, "BindOptions", {"ReadOnlyNonRecursive", "ReadOnlyForceRecursive"},
                       about);
    point.source = normal(source);
    point.propagation = options.text("Propagation", "rprivate");
    point.recursive = !options.boolean("NonRecursive");
    point.make_source = options.boolean("CreateMountpoint");
    if (!is_one_of(point.propagation, kPropagations))
      throw bad_request(about + ": invalid propagation mode: " + point.propagation);
  }
  return point;
}

std::ptrdiff_t depth(const MountPoint& point) { return std::ranges::count(point.destination, '/'); }

}  // namespace

MountPoint parse_bind(const std::string& text) {
  const std::vector<std::string> parts = split_words(text, ':');
  const std::string about = "invalid volume specification: '" + text + "'";
  if (parts.size() < 2 || parts.size() > 3 || parts[0].empty()) throw bad_request(about);
  MountPoint point{.type = parts[0].starts_with('/') ? "bind" : "volume",
                   .destination = checked_destination(parts[1], about)};
  if (parts.size() == 3) point.mode = parts[2];
  if (point.type == "bind") {
    point.source = normal(parts[0]);
    point.propagation = "rprivate";
    point.make_source = true;
  } else {
    point.name = parts[0];
    if (point.mode.empty()) point.mode = "z";
  }
  if (parts.size() < 3) return point;
  for (const std::string& word : split_words(parts[2], ',')) take_mode_word(word, text, point);
  return point;
}

std::vector<MountPoint> mount_points(const json& config, const json& host_config,
                                     const std::vector<MountPoint>& lent) {
  const JsonFields host(host_config, "HostConfig");
  std::vector<MountPoint> points;
  for (const std::string& text : host.texts("Binds")) points.push_back(parse_bind(text));
  for (const json& mount : host.array("Mounts"))
    points.push_back(parse_mount(JsonFields(mount, "HostConfig.Mounts")));
  std::set<std::string> taken;
  for (const MountPoint& point : points) {
    if (!taken.insert(point.destination).second)
      throw bad_request("Duplicate mount point: " + point.destination);
  }
  for (const MountPoint& point : lent) {
    if (taken.insert(point.destination).second) points.push_back(point);
  }
  const JsonFields volumes = JsonFields(config).object("Volumes");
  if (volumes.document().is_object()) {
    for (const auto& [path, nothing] : volumes.document().items()) {
      MountPoint point = parse_mount(JsonFields(anonymous_volume(path)));
      point.mode.clear();
      if (taken.insert(point.destination).second) points.push_back(std::move(point));
    }
  }
  std::ranges::stable_sort(points, {}, depth);
  return points;
}

json spec_mount(const MountPoint& point, const std::string& source) {
  std::vector<std::string> options = point.options;
  if (point.type == "tmpfs") {
    for (const char* word : {"noexec", "nosuid", "nodev"}) options.emplace_back(word);
  } else {
    options.emplace_back(point.recursive ? "rbind" : "bind");
    if (!point.propagation.empty()) options.push_back(point.propagation);
  }
  if (!point.writable) options.emplace_back(point.type == "tmpfs" ? "ro" : "rro");
  const bool tmpfs = point.type == "tmpfs";
  return mount_entry(point.destination, tmpfs ? "tmpfs" : "bind", tmpfs ? "tmpfs" : source,
                     std::move(options));
}

json to_json(const MountPoint& point) {
  return {{"Type", point.type},
          {"Name", point.name},
          {"Source", point.source},
          {"Destination", point.destination},
          {"Mode", point.mode},
          {"Propagation", point.propagation},
          {"RW", point.writable},
          {"Recursive", point.recursive},
          {"MakeSource", point.make_source},
          {"Options", point.options}};
}

MountPoint mount_point_from(const json& document) {
  const JsonFields fields(document);
  return {.type = fields.text("Type"),
          .name = fields.text("Name"),
          .source = fields.text("Source"),
          .destination = fields.text("Destination"),
          .mode = fields.text("Mode"),
          .propagation = fields.text("Propagation"),
          .writable = fields.boolean("RW"),
          .make_source = fields.boolean("MakeSource"),
          .recursive = fields.boolean("Recursive", true),
          .options = fields.texts("Options")};
}

}  // namespace slipway
