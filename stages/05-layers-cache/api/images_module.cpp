#include "images_module.hpp"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "02-daemon/base/atomic_file.hpp"
#include "02-daemon/base/spawn.hpp"
#include "02-daemon/engine/containers.hpp"
#include "03-namespaces/base/annotations.hpp"
#include "container_layers.hpp"
#include "image_defaults.hpp"
#include "images_api.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// This module's section of a record; an empty object for a container of an engine without images.
json section_of(const ContainerRecord& record) {
  return record.sections.value("images", json::object());
}

bool runs(const Container& container) {
  const std::scoped_lock lock(container.mutex);
  const Status status = container.state.status;
  return container.state.starting || status == Status::running || status == Status::paused ||
         status == Status::restarting;
}

std::vector<ImageUser> users_of(const ContainerTable& containers, const Digest& image) {
  std::vector<ImageUser> users;
  for (const ContainerPtr& container : containers.all()) {
    if (section_of(container->record).value("Id", "") != image.text()) continue;
    users.push_back({.container = container->record.id, .running = runs(*container)});
  }
  return users;
}

/// "linux/arm64" wanted of an amd64 image: docker's words.
void check_platform(const CreateRequest& request, const Image& image) {
  if (request.platform.empty()) return;
  const JsonFields config(image.config);
  const std::string actual = config.text("os", "linux") + "/" + config.text("architecture");
  if (request.platform == actual || request.platform == "linux") return;
  throw not_found("image with reference " + JsonFields(request.config).text("Image") +
                  " was found but its platform (" + actual +
                  ") does not match the specified platform (" + request.platform + ")");
}

/// Docker's word for a folder's file system: statfs(2).
std::string file_system_of(const std::string& folder) {
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) return "<unknown>";
  switch (info.f_type) {
    case EXT4_SUPER_MAGIC:
      return "extfs";
    case XFS_SUPER_MAGIC:
      return "xfs";
    case BTRFS_SUPER_MAGIC:
      return "btrfs";
    case TMPFS_MAGIC:
      return "tmpfs";
    case OVERLAYFS_SUPER_MAGIC:
      return "overlayfs";
    default:
      return "<unknown>";
  }
}

}  // namespace

ImagesModule::ImagesModule() = default;
ImagesModule::~ImagesModule() = default;

void ImagesModule::open(const EngineServices& services) {
  data_root_ = services.paths.data_root;
  containers_ = &services.containers;
  events_ = &services.events;
  store_ = std::make_unique<ImageStore>(data_root_);
  store_->open();
  loader_ = std::make_unique<ImageLoader>(*store_, Unpacker(sibling_program("slipway-unpack")),
                                          UnpackBudget::from_environment());
}

void ImagesModule::add_routes(Router& router) {
  const UsersOf users = [this](const Digest& image) { return users_of(*containers_, image); };
  add_image_routes(router,
                   {.store = *store_, .loader = *loader_, .users_of = users, .events = *events_});
}

void ImagesModule::check(CreateRequest& request) {
  const std::string wanted = JsonFields(request.config).text("Image");
  if (wanted.empty()) throw bad_request("Image: no image is named");
  const ImagePtr image = store_->find_and_hold(wanted, request.holds.emplace_back());
  check_platform(request, *image);
  complete_from_image(image->run_config(), request.config);
  json layers = json::array();
  for (const Digest& layer : image->layers) layers.push_back(layer.text());
  request.sections["images"] = {
      {"Id", image->id.text()}, {"Layers", std::move(layers)}, {"Name", wanted}};
}

ContainerLayers ImagesModule::layers_of_record(const ContainerRecord& record) const {
  std::vector<std::string> roots;
  const json section = section_of(record);
  for (const std::string& layer : JsonFields(section, "images").texts("Layers")) {
    roots.push_back(store_->layer_root(Digest::require(layer, "images.Layers")));
  }
  return layers_of(data_root_ + "/containers/" + record.id, roots);
}

void ImagesModule::prepare(StartContext& start) {
  if (section_of(start.record).empty()) {
    throw conflict("container " + start.record.id +
                   " was created without an image: it cannot start here");
  }
  const ContainerLayers layers = layers_of_record(start.record);
  const auto step = start.trace.begin("05", "layers", "mkdir", layers.upper, [&] {
    return "mkdir -p " + shell_line({layers.upper, layers.work, layers.root});
  });
  make_container_layers(layers);
  start.spec["root"]["path"] = layers.root;
  if (layers.lower.empty()) return;
  json& notes = start.spec["annotations"];
  notes[kOverlayLower] = join_words(layers.lower, ':');
  notes[kOverlayUpper] = layers.upper;
  notes[kOverlayWork] = layers.work;
}

void ImagesModule::describe(const ContainerRecord& record, json& inspect) const {
  const ContainerLayers layers = layers_of_record(record);
  inspect["Image"] = section_of(record).value("Id", "");
  inspect["GraphDriver"] = {{"Name", "overlay2"},
                            {"Data",
                             {{"LowerDir", join_words(layers.lower, ':')},
                              {"UpperDir", layers.upper},
                              {"WorkDir", layers.work},
                              {"MergedDir", layers.root}}}};
}

/// A list names the image as the user did; by its id once that name means another image.
void ImagesModule::describe_in_list(const ContainerRecord& record, json& entry) const {
  const auto section = record.sections.find("images");
  if (section == record.sections.end()) return;
  const std::string id = section->value("Id", "");
  entry["ImageID"] = id;
  const auto digest = Digest::parse(id);
  if (digest && !store_->is_called(section->value("Name", ""), *digest))
    entry["Image"] = digest->short_hex();
}

void ImagesModule::describe_system(json& info) const {
  info["Images"] = store_->all().size();
  info["Driver"] = "overlay2";
  // Arrays by name: braces around two strings would make an object.
  info["DriverStatus"] = json::array(
      {json::array({"Backing Filesystem", file_system_of(data_root_)}),
       json::array({"Supports d_type", "true"}), json::array({"Native Overlay Diff", "true"}),
       json::array({"userxattr", "false"})});
}

}  // namespace slipway
