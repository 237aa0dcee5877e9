/// \file
/// What images and containers take up on the disk, and who was made from which image.

#include <algorithm>
#include <map>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "02-daemon/base/tree_size.hpp"
#include "02-daemon/engine/containers.hpp"
#include "container_layers.hpp"
#include "image_view.hpp"
#include "images_module.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// The ids of a record's layers, bottom first.
std::vector<Digest> layers_of_section(const ContainerRecord& record) {
  std::vector<Digest> layers;
  const auto section = record.sections.find("images");
  if (section == record.sections.end()) return layers;
  for (const std::string& layer : JsonFields(*section, "images").texts("Layers"))
    layers.push_back(Digest::require(layer, "images.Layers"));
  return layers;
}

std::string image_of(const ContainerRecord& record) {
  const auto section = record.sections.find("images");
  return section == record.sections.end() ? "" : section->value("Id", "");
}

/// How many images have a layer.
std::map<Digest, int> count_layers(const std::vector<ImagePtr>& images) {
  std::map<Digest, int> counts;
  for (const ImagePtr& image : images) {
    for (const Digest& layer : image->layers) ++counts[layer];
  }
  return counts;
}

}  // namespace

bool ImagesModule::descends_from(const ContainerRecord& record, const std::string& image) const {
  try {
    const ImagePtr ancestor = store_->find(image);
    if (image_of(record) == ancestor->id.text()) return true;
    const std::vector<Digest> layers = layers_of_section(record);
    return !ancestor->layers.empty() && layers.size() > ancestor->layers.size() &&
           std::equal(ancestor->layers.begin(), ancestor->layers.end(), layers.begin());
  } catch (const ApiError&) {  // there is no such image, and nobody comes from it
    return false;
  }
}

void ImagesModule::describe_size(const ContainerRecord& record, json& sizes) const {
  const auto written = tree_size(layers_of_record(record).upper);
  std::int64_t image = 0;
  for (const Digest& layer : layers_of_section(record))
    image += static_cast<std::int64_t>(store_->layer_size(layer));
  sizes["SizeRw"] = sizes.value("SizeRw", std::int64_t{0}) + written;
  sizes["SizeRootFs"] = sizes.value("SizeRootFs", std::int64_t{0}) + written + image;
}

void ImagesModule::describe_disk_usage(std::string_view type, json& usage) const {
  if (type != "image") return;
  const std::vector<ImagePtr> images = store_->all();
  const std::map<Digest, int> counts = count_layers(images);
  std::map<std::string, int> users;
  for (const ContainerPtr& container : containers_->all()) ++users[image_of(container->record)];
  std::uint64_t total = 0;
  for (const auto& [layer, count] : counts) total += store_->layer_size(layer);
  usage["LayersSize"] = total;
  for (const ImagePtr& image : images) {
    std::uint64_t shared = 0;
    for (const Digest& layer : image->layers)
      shared += counts.at(layer) > 1 ? store_->layer_size(layer) : 0;
    json entry = image_summary(*image, false);
    entry["SharedSize"] = shared;
    entry["Containers"] = users[image->id.text()];
    usage["Images"].push_back(std::move(entry));
  }
}

}  // namespace slipway
