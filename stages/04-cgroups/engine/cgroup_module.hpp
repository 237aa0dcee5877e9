#pragma once
/// \file
/// The engine's half of this stage: limits become a section of the OCI spec; what a container has used is read; pausing is a
/// file. The runtime's half is the launch step, which makes the cgroup.

#include <memory>
#include <string>

#include "02-daemon/engine/engine_module.hpp"
#include "04-cgroups/kernel/cgroup.hpp"
#include "host_support.hpp"

namespace slipway {

/// Owns the fields of HostConfig that limit_fields() lists, CgroupParent and DeviceCgroupRules. What it knows of the host
/// does not change, so it is thread-safe.
class CgroupModule : public EngineModule {
 public:
  ~CgroupModule() override;
  [[nodiscard]] std::string_view name() const override { return "cgroups"; }
  void open(const EngineServices& services) override;
  void add_routes(Router& router) override;
  [[nodiscard]] std::vector<std::string_view> host_config_fields() const override;
  void check(CreateRequest& request) override;
  void prepare(StartContext& start) override;
  void check_update(const nlohmann::json& changes, nlohmann::json& host_config,
                    std::vector<std::string>& warnings) override;
  void update(const ContainerRecord& record, const nlohmann::json& host_config) override;
  [[nodiscard]] bool is_paused(const ContainerRecord& record) const noexcept override;
  void resume(const ContainerRecord& record) noexcept override;
  [[nodiscard]] std::vector<pid_t> processes(const ContainerRecord& record) const override;
  void release(const ContainerRecord& record) noexcept override;
  void describe_system(nlohmann::json& info) const override;

  /// Stops all that runs in a container, and lets it go on. \throws ApiError 404, 409, 500
  void pause(const std::string& reference);
  void unpause(const std::string& reference);
  /// One container's cgroup, whether it is there or not.
  [[nodiscard]] std::unique_ptr<Cgroup> cgroup_of(const ContainerRecord& record) const;
  /// True if they are of version 2.
  [[nodiscard]] bool unified() const noexcept { return hierarchies_.unified(); }

 private:
  void change_state(const std::string& reference, bool to_paused);
  void look_at_host();
  [[nodiscard]] std::string path_of(const ContainerRecord& record) const;

  std::string parent_;
  Hierarchies hierarchies_;
  HostSupport support_;
  const ContainerTable* containers_ = nullptr;
  EventLog* events_ = nullptr;
};

/// The parent of all cgroups of an engine: "/slipway". Engines that run beside it have others, named for their exec root.
std::string engine_cgroup(const std::string& exec_root);

}  // namespace slipway
