#include "disk_usage.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/router.hpp"
#include "container_view.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr auto kTypes =
    std::to_array<std::string_view>({"container", "image", "volume", "build-cache"});

/// The types that are asked for.
std::vector<std::string_view> wanted_types(const HttpRequest& request) {
  const std::vector<std::string_view> all(kTypes.begin(), kTypes.end());
  if (api_version_below(request, "1.42")) return all;
  std::vector<std::string_view> wanted;
  for (const std::string& type : request.query.all("type")) {
    const auto known = std::ranges::find(kTypes, type);
    if (known == kTypes.end()) throw bad_request("unknown object type: " + type);
    wanted.push_back(*known);
  }
  return wanted.empty() ? all : wanted;
}

}  // namespace

json disk_usage(const Engine& engine, const HttpRequest& request) {
  json usage = {{"LayersSize", 0},
                {"Images", nullptr},
                {"Containers", nullptr},
                {"Volumes", nullptr},
                {"BuildCache", nullptr}};
  if (api_version_below(request, "1.42")) usage["BuilderSize"] = 0;
  for (const std::string_view type : wanted_types(request)) {
    if (type == "container") {
      HttpRequest list = request;
      list.query = HttpQuery("all=1&size=1");
      json& entries = usage["Containers"] = json::array();
      list_containers(engine, list, [&](json entry) { entries.push_back(std::move(entry)); });
    } else {
      usage[type == "image"    ? "Images"
            : type == "volume" ? "Volumes"
                               : "BuildCache"] = json::array();
    }
    for (const auto& module : engine.modules()) module->describe_disk_usage(type, usage);
  }
  if (api_version_below(request, "1.44") && usage["Images"].is_array()) {
    for (json& image : usage["Images"]) image["VirtualSize"] = image.value("Size", 0LL);
  }
  return usage;
}

}  // namespace slipway
