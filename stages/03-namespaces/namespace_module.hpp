#pragma once
/// \file
/// The engine's half of isolation: turns Docker's HostConfig into sections of the OCI spec. The
/// runtime's half is the launch steps, which read nothing but that spec.

#include "02-daemon/engine_module.hpp"

namespace slipway {

/// Owns of the create body: Hostname, Domainname, User; of HostConfig: NetworkMode as far as "host"
/// goes, PidMode, IpcMode, UTSMode, CgroupnsMode, UsernsMode, Privileged, ReadonlyRootfs, ShmSize,
/// GroupAdd, MaskedPaths, ReadonlyPaths. Writes of the spec: hostname, domainname, mounts,
/// root.readonly, linux.namespaces, linux.maskedPaths, linux.readonlyPaths, process.env,
/// process.user, process.capabilities, and its annotations. Stateless, so thread-safe.
class NamespaceModule : public EngineModule {
 public:
  [[nodiscard]] std::string_view name() const override { return "namespaces"; }
  [[nodiscard]] std::vector<std::string_view> host_config_fields() const override;
  void check(CreateRequest& request) override;
  void prepare(StartContext& start) override;
  void prepare_exec(ExecContext& exec) override;
  void describe(const ContainerRecord& record, nlohmann::json& inspect) const override;
};

}  // namespace slipway
