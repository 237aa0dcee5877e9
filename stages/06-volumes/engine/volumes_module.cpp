#include "volumes_module.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "02-daemon/base/atomic_file.hpp"
#include "02-daemon/base/identity.hpp"
#include "02-daemon/engine/containers.hpp"
#include "03-namespaces/base/annotations.hpp"
#include "03-namespaces/engine/default_spec.hpp"
#include "06-volumes/api/volumes_api.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr char kAnonymousLabel[] = "com.docker.volume.anonymous";

std::vector<MountPoint> points_of(const ContainerRecord& record) {
  std::vector<MountPoint> points;
  const auto section = record.sections.find("volumes");
  if (section == record.sections.end()) return points;
  const JsonFields fields(*section, "volumes");
  for (const json& document : fields.array("Mounts")) points.push_back(mount_point_from(document));
  return points;
}

/// HostConfig.VolumesFrom, each "CONTAINER[:ro|rw]". \throws ApiError 404, 400 `invalid mode: X`
std::vector<MountPoint> lent_points(const json& host_config, const ContainerTable& containers) {
  std::vector<MountPoint> lent;
  for (const std::string& text : JsonFields(host_config, "HostConfig").texts("VolumesFrom")) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string mode = text.substr(std::min(colon + 1, text.size()));
    if (!mode.empty() && mode != "ro" && mode != "rw" && mode != "z" && mode != "Z")
      throw bad_request("invalid mode for volumes-from: " + mode);
    for (MountPoint& point : points_of(containers.find(text.substr(0, colon))->record)) {
      point.writable = point.writable && mode != "ro";
      lent.push_back(std::move(point));
    }
  }
  return lent;
}

bool uses(const ContainerRecord& record, const std::string& volume) {
  const std::vector<MountPoint> points = points_of(record);
  return std::ranges::find(points, volume, &MountPoint::name) != points.end();
}

bool exists(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0;
}

/// The labels and options that one of HostConfig.Mounts gives a volume that is yet to be made.
Volume new_volume(const MountPoint& point, const json& host_config) {
  Volume volume{.name = point.name, .created = rfc3339_now()};
  const JsonFields host(host_config, "HostConfig");
  for (const json& entry : host.array("Mounts")) {
    const JsonFields mount(entry, "HostConfig.Mounts");
    if (mount.text("Source") != point.name) continue;
    const JsonFields options = mount.object("VolumeOptions");
    volume.labels = options.text_map("Labels");
    volume.options = options.object("DriverConfig").text_map("Options");
  }
  return volume;
}

/// A volume that the driver's options describe: what mount(8) would make of "type", "o" and "device", in the container.
json foreign_mount(const MountPoint& point, const Volume& volume) {
  std::vector<std::string> options;
  if (const auto words = volume.options.find("o"); words != volume.options.end())
    options = split_words(words->second, ',');
  if (!point.writable) options.emplace_back("ro");
  std::string type = volume.options.at("type");
  if (type == "none") type = "bind";
  return mount_entry(point.destination, type, volume.options.at("device"), std::move(options));
}

}  // namespace

void VolumesModule::open(const EngineServices& services) {
  containers_ = &services.containers;
  events_ = &services.events;
  store_ = std::make_unique<VolumeStore>(services.paths.data_root);
  store_->open();
}

void VolumesModule::add_routes(Router& router) {
  const auto users = [this](const std::string& volume) { return users_of(volume); };
  add_volume_routes(router, {.store = *store_, .users_of = users, .events = *events_});
}

std::vector<std::string> VolumesModule::users_of(const std::string& volume) const {
  std::vector<std::string> users;
  for (const ContainerPtr& container : containers_->all()) {
    // Nobody knows what one has whose record cannot be read: it may be any volume's only user.
    if (!container->broken.empty() || uses(container->record, volume))
      users.push_back(container->record.id);
  }
  return users;
}

/// All is read and refused before the first volume is made.
void VolumesModule::check(CreateRequest& request) {
  std::vector<MountPoint> points = mount_points(request.config, request.host_config,
                                                lent_points(request.host_config, *containers_));
  for (const MountPoint& point : points) {
    if (!point.name.empty()) check_volume_name(point.name);
    if (point.type != "bind" || point.make_source || exists(point.source)) continue;
    throw bad_request("invalid mount config for type \"bind\": bind source path does not exist: " +
                      point.source);
  }
  json mounts = json::array();
  for (MountPoint& point : points) {
    settle(point, request);
    mounts.push_back(to_json(point));
  }
  request.sections["volumes"]["Mounts"] = std::move(mounts);
}

void VolumesModule::settle(MountPoint& point, CreateRequest& request) {
  if (point.type == "volume") return settle_volume(point, request);
  if (point.type == "bind" && !exists(point.source)) {
    request.warnings.push_back("bind source path " + point.source +
                               " does not exist on this host: the container's start will make it, "
                               "an empty folder of root's");
  }
}

/// The volume exists from now on, and is held until the container does. An anonymous one goes with a create that fails.
void VolumesModule::settle_volume(MountPoint& point, CreateRequest& request) {
  const bool anonymous = point.name.empty();
  if (anonymous) point.name = random_id();
  Volume wanted = new_volume(point, request.host_config);
  wanted.anonymous = anonymous;
  if (anonymous) wanted.labels[kAnonymousLabel] = "";
  const auto hold = store_->hold(point.name);
  const auto [volume, is_new] = store_->create(std::move(wanted));
  if (is_new) publish_volume_event(*events_, "create", volume->name);
  if (anonymous) {
    request.holds.push_back(remove_unless_used(point.name, hold));
  } else {
    request.holds.push_back(hold);
  }
}

/// \param hold  let go before anything else: what is held cannot be removed
std::shared_ptr<void> VolumesModule::remove_unless_used(const std::string& volume,
                                                        std::shared_ptr<void> hold) {
  return {this, [volume, hold = std::move(hold)](VolumesModule* module) mutable {
            hold.reset();
            try {
              if (!module->users_of(volume).empty()) return;
              module->store_->remove(volume,
                                     [&](const auto& name) { return module->users_of(name); });
              publish_volume_event(*module->events_, "destroy", volume);
            } catch (const std::exception& error) {
              log_line(LogLevel::warning, "volume " + volume + ": " + error.what());
            }
          }};
}

void VolumesModule::prepare(StartContext& start) {
  for (const MountPoint& point : points_of(start.record)) add_mount(point, start);
}

void VolumesModule::add_mount(const MountPoint& point, StartContext& start) const {
  json& mounts = start.spec["mounts"];
  if (point.type == "bind" && point.make_source && !exists(point.source)) {
    const auto step = start.trace.begin("06", "volumes", "mkdir", point.source,
                                        [&] { return "mkdir -p " + shell_line({point.source}); });
    make_folders(point.source, 0755);
  }
  if (point.type != "volume") {
    mounts.push_back(spec_mount(point, point.source));
    return;
  }
  const VolumePtr volume = store_->find(point.name);
  mounts.push_back(volume->is_foreign() ? foreign_mount(point, *volume)
                                        : spec_mount(point, store_->data_folder(point.name)));
  events_->publish(Event{.type = "volume",
                         .action = "mount",
                         .actor = point.name,
                         .attributes = {{"container", start.record.id},
                                        {"destination", point.destination},
                                        {"driver", "local"},
                                        {"propagation", point.propagation},
                                        {"read/write", point.writable ? "true" : "false"}}});
}

void VolumesModule::removed(const ContainerRecord& record, bool volumes) noexcept {
  if (!volumes) return;
  try {
    const auto others = [&](const std::string& volume) {
      std::vector<std::string> users = users_of(volume);
      std::erase(users, record.id);
      return users;
    };
    for (const MountPoint& point : points_of(record)) {
      const VolumePtr volume = point.name.empty() ? nullptr : store_->maybe_find(point.name);
      if (!volume || !volume->anonymous || !others(point.name).empty()) continue;
      store_->remove(point.name, others);
      publish_volume_event(*events_, "destroy", point.name);
    }
  } catch (const std::exception& error) {
    log_line(LogLevel::warning, "volumes of container " + record.id + ": " + error.what());
  }
}

json VolumesModule::describe_mounts(const ContainerRecord& record) const {
  json mounts = json::array();
  for (const MountPoint& point : points_of(record)) {
    json mount = {
        {"Type", point.type}, {"Source", point.source}, {"Destination", point.destination},
        {"Mode", point.mode}, {"RW", point.writable},   {"Propagation", point.propagation}};
    if (point.type == "volume") {
      mount["Name"] = point.name;
      mount["Driver"] = "local";
      mount["Source"] = store_->data_folder(point.name);
    }
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

void VolumesModule::describe(const ContainerRecord& record, json& inspect) const {
  inspect["Mounts"] = describe_mounts(record);
}

void VolumesModule::describe_in_list(const ContainerRecord& record, json& entry) const {
  entry["Mounts"] = describe_mounts(record);
}

void VolumesModule::describe_disk_usage(std::string_view type, json& usage) const {
  if (type != "volume") return;
  for (const VolumePtr& volume : store_->all()) {
    json entry = volume_view(*store_, *volume);
    entry["UsageData"] = {{"RefCount", users_of(volume->name).size()},
                          {"Size", store_->size(*volume)}};
    usage["Volumes"].push_back(std::move(entry));
  }
}

}  // namespace slipway
