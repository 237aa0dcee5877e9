#pragma once
/// \file
/// What this stage adds to the engine: volumes, and what containers mount.

#include <memory>

#include "02-daemon/engine/engine_module.hpp"
#include "06-volumes/mounts/mount_point.hpp"
#include "06-volumes/volumes/volume_store.hpp"

namespace slipway {

/// Owns HostConfig.Binds, Mounts and VolumesFrom, and Config.Volumes. Keeps in the record, each as to_json(MountPoint) has it,
///
///     "volumes": {"Mounts": [{"Type": "volume", "Name": "my_data", "Destination": "/var/lib/mysql", …}, …]}
///
/// and adds to the spec's mounts; so it comes behind the module that begins that list (03). The mounts themselves are made
/// by the launch, in the container's own mount namespace: the host's table never shows one.
/// Thread-safe (the store is; the rest is set once in `open`).
class VolumesModule : public EngineModule {
 public:
  [[nodiscard]] std::string_view name() const override { return "volumes"; }
  void open(const EngineServices& services) override;
  void add_routes(Router& router) override;
  [[nodiscard]] std::vector<std::string_view> config_fields() const override { return {"Volumes"}; }
  [[nodiscard]] std::vector<std::string_view> host_config_fields() const override {
    return {"Binds", "Mounts", "VolumesFrom"};
  }
  /// \throws ApiError 400 in docker's words: a bad path, name or mode, a source that --mount does not find
  void check(CreateRequest& request) override;
  void prepare(StartContext& start) override;
  /// With `volumes`, the anonymous ones that nobody else uses go.
  void removed(const ContainerRecord& record, bool volumes) noexcept override;
  void describe(const ContainerRecord& record, nlohmann::json& inspect) const override;
  void describe_in_list(const ContainerRecord& record, nlohmann::json& entry) const override;
  void describe_disk_usage(std::string_view type, nlohmann::json& usage) const override;

 private:
  void settle(MountPoint& point, CreateRequest& request);
  void settle_volume(MountPoint& point, CreateRequest& request);
  [[nodiscard]] std::shared_ptr<void> remove_unless_used(const std::string& volume,
                                                         std::shared_ptr<void> hold);
  void add_mount(const MountPoint& point, StartContext& start) const;
  [[nodiscard]] nlohmann::json describe_mounts(const ContainerRecord& record) const;
  [[nodiscard]] std::vector<std::string> users_of(const std::string& volume) const;

  const ContainerTable* containers_ = nullptr;
  EventLog* events_ = nullptr;
  std::unique_ptr<VolumeStore> store_;
};

}  // namespace slipway
