#pragma once
/// \file
/// What this stage adds to the engine: images, and containers that start from one.

#include <memory>

#include "02-daemon/engine/engine_module.hpp"
#include "05-layers-cache/images/image_loader.hpp"
#include "05-layers-cache/images/image_store.hpp"
#include "container_layers.hpp"

namespace slipway {

/// Owns Image of the create body, and completes the rest of it from that image. Keeps in the record
///
///     "images": {"Id": "sha256:…", "Layers": ["sha256:DIFF_ID", … bottom first], "Name": "busybox:latest"}
///
/// and writes of the spec: root.path and the overlay's annotations. The container's own layer is rw/ in its folder:
/// `upper` takes every change, `work` is the kernel's, `root` is where all comes together.
/// Thread-safe (the store is; the rest is set once in `open`).
class ImagesModule : public EngineModule {
 public:
  ImagesModule();
  ~ImagesModule() override;

  [[nodiscard]] std::string_view name() const override { return "images"; }
  void open(const EngineServices& services) override;
  void add_routes(Router& router) override;
  /// \throws ApiError 404 `No such image: X:tag`, 400 `no command specified`
  void check(CreateRequest& request) override;
  void prepare(StartContext& start) override;
  void describe(const ContainerRecord& record, nlohmann::json& inspect) const override;
  void describe_in_list(const ContainerRecord& record, nlohmann::json& entry) const override;
  void describe_system(nlohmann::json& info) const override;
  [[nodiscard]] bool descends_from(const ContainerRecord& record,
                                   const std::string& image) const override;
  void describe_size(const ContainerRecord& record, nlohmann::json& sizes) const override;
  void describe_disk_usage(std::string_view type, nlohmann::json& usage) const override;

 private:
  [[nodiscard]] ContainerLayers layers_of_record(const ContainerRecord& record) const;

  std::string data_root_;
  const ContainerTable* containers_ = nullptr;
  EventLog* events_ = nullptr;
  std::unique_ptr<ImageStore> store_;
  std::unique_ptr<ImageLoader> loader_;
};

}  // namespace slipway
