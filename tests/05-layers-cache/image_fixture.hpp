#pragma once
/// \file
/// What the tests of loading share: a store in a folder of its own, and archives whose parts a test
/// can replace.

#include <nlohmann/json.hpp>

#include "01-cli-socket/trace.hpp"
#include "05-layers-cache/images/image_loader.hpp"
#include "layer_fixture.hpp"

namespace slipway::test {

/// An image store in a folder of its own.
struct Store {
  TempFolder folder;
  ImageStore images{folder.path()};
  ImageLoader loader;

  explicit Store(UnpackBudget budget = {})
      : loader(images, Unpacker(program("slipway-unpack", "05")), budget) {
    images.open();
  }

  std::vector<LoadedImage> load(const std::string& archive) {
    Trace trace;
    std::size_t at = 0;
    const auto stream = [&](std::span<char> part) {
      const std::size_t count = std::min({part.size(), archive.size() - at, std::size_t{10'000}});
      std::copy_n(archive.data() + at, count, part.data());
      at += count;
      return count;
    };
    return loader.load(stream, trace);
  }

  /// All that is in the data root, by path.
  [[nodiscard]] std::set<std::string> files() const {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
      found.insert(entry.path());
    return found;
  }
  [[nodiscard]] std::filesystem::path blob(const std::string& bytes) const {
    return folder.path() / "images/blobs/sha256" / Digest::of(bytes).hex();
  }
  [[nodiscard]] std::filesystem::path layer(const std::string& tar) const {
    return folder.path() / "layers/sha256" / Digest::of(tar).hex() / "fs";
  }
};

inline nlohmann::json config_of(const std::vector<std::string>& layers) {
  nlohmann::json diff_ids = nlohmann::json::array();
  for (const std::string& layer : layers) diff_ids.push_back(Digest::of(layer).text());
  return {{"architecture", "amd64"},
          {"os", "linux"},
          {"created", "2024-01-01T00:00:00Z"},
          {"config", {{"Cmd", {"sh"}}, {"Env", {"A=1"}}}},
          {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}}};
}

/// A `docker save` of one image, whose parts a test can replace.
struct DockerArchive {
  std::vector<std::string> layers{TarWriter().file("hello", "world").done()};
  std::vector<std::string> blobs;  ///< as they stand in the archive; empty: `layers`
  nlohmann::json config;           ///< null: the right one
  nlohmann::json tags{"app:v1"};
  std::string config_name = "config.json";
  std::string manifest;  ///< empty: the right one

  [[nodiscard]] std::string tar() const {
    TarWriter writer;
    const auto& stored = blobs.empty() ? layers : blobs;
    nlohmann::json names = nlohmann::json::array();
    for (std::size_t i = 0; i < stored.size(); ++i) {
      names.push_back(std::to_string(i) + "/layer.tar");
      writer.folder(std::to_string(i)).file(names.back(), stored[i]);
    }
    writer.file(config_name, (config.is_null() ? config_of(layers) : config).dump());
    const nlohmann::json list =
        nlohmann::json::array({{{"Config", config_name}, {"RepoTags", tags}, {"Layers", names}}});
    return writer.file("manifest.json", manifest.empty() ? list.dump() : manifest).done();
  }
};

/// The same image as an OCI layout, whose parts a test can replace.
struct OciLayout {
  std::string layer = TarWriter().file("hello", "world").done();
  std::string blob = compress("gzip", layer);
  nlohmann::json config = config_of({layer});
  nlohmann::json manifest{
      {"schemaVersion", 2},
      {"mediaType", kOciManifestType},
      {"config", descriptor(kOciConfigType, config.dump())},
      {"layers", nlohmann::json::array({descriptor(layer_media_type("gzip"), blob)})}};
  std::string name = "app:v1";
  nlohmann::json index;  ///< null: the right one

  static nlohmann::json descriptor(std::string_view type, const std::string& bytes) {
    return {{"mediaType", type}, {"digest", Digest::of(bytes).text()}, {"size", bytes.size()}};
  }
  [[nodiscard]] nlohmann::json entry() const {
    nlohmann::json object = descriptor(kOciManifestType, manifest.dump());
    object["annotations"] = {{"org.opencontainers.image.ref.name", name}};
    return object;
  }
  [[nodiscard]] std::string tar() const {
    TarWriter writer;
    writer.file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
    for (const std::string& bytes : {config.dump(), manifest.dump(), blob}) {
      writer.file("blobs/sha256/" + Digest::of(bytes).hex(), bytes);
    }
    const nlohmann::json right{{"schemaVersion", 2},
                               {"manifests", nlohmann::json::array({entry()})}};
    return writer.file("index.json", (index.is_null() ? right : index).dump()).done();
  }
};

}  // namespace slipway::test
