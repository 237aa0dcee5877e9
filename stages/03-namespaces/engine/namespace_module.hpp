#pragma once
/// \file
/// The engine's half of isolation: turns Docker's HostConfig into sections of the OCI spec. The
/// runtime's half is the launch steps, which read nothing but that spec.

#include "02-daemon/engine/engine_module.hpp"

namespace slipway {

/// Owns of the create body what host_config_fields() lists, and Hostname, Domainname and User. Each concept has a file
/// of its own (sharing, powers, process_user, process_limits, tmpfs_list, device_list, sysctl_rules); this class asks
/// them in turn. Has no state but where other containers are found, so it is thread-safe.
class NamespaceModule : public EngineModule {
 public:
  [[nodiscard]] std::string_view name() const override { return "namespaces"; }
  void open(const EngineServices& services) override;
  [[nodiscard]] std::vector<std::string_view> config_fields() const override;
  [[nodiscard]] std::vector<std::string_view> host_config_fields() const override;
  void check(CreateRequest& request) override;
  void prepare(StartContext& start) override;
  void prepare_exec(ExecContext& exec) override;
  void describe(const ContainerRecord& record, nlohmann::json& inspect) const override;

 private:
  const ContainerTable* containers_ =
      nullptr;  ///< set by open(); a module that was not opened joins nobody
  std::string exec_root_;
};

}  // namespace slipway
