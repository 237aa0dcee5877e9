#include "image_view.hpp"

#include <fnmatch.h>
#include <time.h>

#include <algorithm>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "02-daemon/base/filters.hpp"
#include "05-layers-cache/images/image_index.hpp"

namespace slipway {
namespace {

using nlohmann::json;

json tags_of(const Image& image) {
  json tags = json::array();
  for (const ImageReference& name : image.names) tags.push_back(name.familiar());
  return tags;
}

json texts_of(const std::vector<Digest>& digests) {
  json texts = json::array();
  for (const Digest& digest : digests) texts.push_back(digest.text());
  return texts;
}

/// What older clients expect to find in every Config.
json empty_config() {
  return {{"Hostname", ""},       {"Domainname", ""},      {"User", ""},
          {"AttachStdin", false}, {"AttachStdout", false}, {"AttachStderr", false},
          {"Tty", false},         {"OpenStdin", false},    {"StdinOnce", false},
          {"Env", nullptr},       {"Cmd", nullptr},        {"Image", ""},
          {"Volumes", nullptr},   {"WorkingDir", ""},      {"Entrypoint", nullptr},
          {"OnBuild", nullptr},   {"Labels", nullptr}};
}

/// A field counts as set if Go would not leave it out ("omitempty").
bool is_set(const json& value) {
  return !value.is_null() && value != false && value != "" && value != 0 &&
         !(value.is_structured() && value.empty());
}

json set_fields(const json& config) {
  json set = json::object();
  for (const auto& [name, value] : config.items()) {
    if (is_set(value)) set[name] = value;
  }
  return set;
}

/// "busybox", "busybox:*", "docker.io/library/*": a shell pattern of a name, with or without the tag.
bool matches_reference(const Image& image, const std::string& pattern) {
  const auto matches = [&](const std::string& text) {
    return ::fnmatch(pattern.c_str(), text.c_str(), FNM_PATHNAME) == 0;
  };
  return std::any_of(image.names.begin(), image.names.end(), [&](const ImageReference& name) {
    return matches(name.familiar()) || matches(name.familiar_name()) || matches(name.full());
  });
}

bool passes(const Filters& filters, const std::vector<ImagePtr>& images, const Image& image) {
  const auto created = [&](const std::string& other) {
    return find_image(images, other)->created();
  };
  const auto truth = [](const std::string& value) { return value == "true" || value == "1"; };
  const json config = image.run_config();
  return filters.any("dangling", [&](const auto& value) {
    return truth(value) == image.names.empty();
  }) && filters.any("reference", [&](const auto& value) {
    return matches_reference(image, value);
  }) && filters.any("before", [&](const auto& other) {
    return image.created() < created(other);
  }) && filters.any("since", [&](const auto& other) {
    return image.created() > created(other);
  }) && filters.labels_match(JsonFields(config).text_map("Labels"));
}

}  // namespace

std::int64_t unix_seconds(const std::string& time) {
  std::tm parts{};
  const char* rest = ::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (!rest) return 0;
  std::int64_t seconds = ::timegm(&parts);
  while (*rest == '.' || (*rest >= '0' && *rest <= '9')) ++rest;
  std::tm zone{};
  if ((*rest == '+' || *rest == '-') && ::strptime(rest + 1, "%H:%M", &zone)) {
    seconds -= (*rest == '+' ? 1 : -1) * (zone.tm_hour * 3600 + zone.tm_min * 60);
  }
  return seconds;
}

json image_summary(const Image& image, bool old_tags) {
  const json config = image.run_config();
  json summary{{"Id", image.id.text()},
               {"ParentId", ""},
               {"RepoTags", tags_of(image)},
               {"RepoDigests", json::array()},
               {"Created", unix_seconds(image.created())},
               {"Size", image.size},
               {"SharedSize", -1},
               {"Containers", -1},
               {"Labels", config.value("Labels", json())}};
  if (old_tags && image.names.empty()) {
    summary["RepoTags"] = {"<none>:<none>"};
    summary["RepoDigests"] = {"<none>@<none>"};
  }
  return summary;
}

json image_details(const Image& image, bool full_config) {
  json config = full_config ? empty_config() : json::object();
  config.update(set_fields(image.run_config()));
  const JsonFields document(image.config);
  return {{"Id", image.id.text()},
          {"RepoTags", tags_of(image)},
          {"RepoDigests", json::array()},
          {"Parent", ""},
          {"Comment", document.text("comment")},
          {"Created", image.created()},
          {"DockerVersion", document.text("docker_version")},
          {"Author", document.text("author")},
          {"Config", config},
          {"Architecture", document.text("architecture")},
          {"Os", document.text("os", "linux")},
          {"Size", image.size},
          {"GraphDriver", {{"Name", "overlay2"}, {"Data", json::object()}}},
          {"RootFS", {{"Type", "layers"}, {"Layers", texts_of(image.layers)}}},
          {"Metadata", {{"LastTagTime", "0001-01-01T00:00:00Z"}}}};
}

json image_history(const Image& image, const std::vector<std::uint64_t>& layer_sizes) {
  json lines = json::array();
  std::size_t layer = 0;
  const JsonFields document(image.config);
  for (const json& step : document.array("history")) {
    const JsonFields fields(step, "history[" + std::to_string(lines.size()) + "]");
    std::uint64_t size = 0;
    if (!fields.boolean("empty_layer")) {
      if (layer == layer_sizes.size())
        throw ApiError(500, "too many non-empty layers in History section");
      size = layer_sizes[layer++];
    }
    lines.push_back({{"Id", "<missing>"},
                     {"Created", unix_seconds(fields.text("created"))},
                     {"CreatedBy", fields.text("created_by")},
                     {"Comment", fields.text("comment")},
                     {"Size", size},
                     {"Tags", nullptr}});
  }
  std::reverse(lines.begin(), lines.end());
  if (!lines.empty()) {  // the steps before the last are images of their builder's, not of ours
    lines[0]["Id"] = image.id.text();
    if (!image.names.empty()) lines[0]["Tags"] = tags_of(image);
  }
  return lines;
}

std::vector<ImagePtr> filter_images(const std::vector<ImagePtr>& images, const std::string& text) {
  const Filters filters(text, {"before", "dangling", "label", "reference", "since"});
  std::vector<ImagePtr> passed;
  std::copy_if(images.begin(), images.end(), std::back_inserter(passed),
               [&](const ImagePtr& image) { return passes(filters, images, *image); });
  return passed;
}

}  // namespace slipway
