#pragma once
/// \file
/// The second extension point: an EngineModule is what one stage adds to the engine. It owns sections of the
/// documents that pass by (the create request, the record, the OCI spec, inspect), and reads no other's.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "01-cli-socket/router.hpp"
#include "01-cli-socket/trace.hpp"
#include "container_name.hpp"
#include "host_config.hpp"

namespace slipway {

class ContainerTable;
class EventLog;
struct ExitRecord;

/// What a client asked for in POST /containers/create, before anything exists.
struct CreateRequest {
  std::string name;                   ///< wanted name, or empty
  std::string platform;               ///< wanted "os/arch", or empty
  nlohmann::json config;              ///< the body without the two below: Image, Cmd, Env, …
  nlohmann::json host_config;         ///< HostConfig
  nlohmann::json networking_config;   ///< NetworkingConfig
  nlohmann::json sections;            ///< what modules want kept in the record, by module name
  std::vector<std::string> warnings;  ///< for the create answer
  /// What modules keep from vanishing until the container exists, or does not: dropped with the request.
  std::vector<std::shared_ptr<void>> holds;
};

/// What create and `update` confirmed: durable, never changed by a start. One JSON file per container.
struct ContainerRecord {
  std::string id;       ///< 64 hex digits
  ContainerName name;   ///< may change: `rename`
  std::string created;  ///< RFC 3339 with nanoseconds, UTC
  nlohmann::json config = nlohmann::json::object();
  HostConfigDocument host_config;  ///< may change: `update`
  nlohmann::json networking_config = nlohmann::json::object();
  nlohmann::json sections = nlohmann::json::object();
};

/// Where an engine keeps its things.
struct EnginePaths {
  std::string data_root;  ///< survives a reboot: /var/lib/slipway
  std::string exec_root;  ///< does not: /run/slipway
};

/// What an engine lends its modules. All of it outlives them.
struct EngineServices {
  EnginePaths paths;
  const ContainerTable& containers;  ///< for look-ups: which images are in use?
  EventLog& events;                  ///< to tell of what the module does
};

/// One start in preparation.
struct StartContext {
  const ContainerRecord& record;
  std::string folder;    ///< the container's own folder in the data root (log, writable layer)
  nlohmann::json& spec;  ///< the OCI spec so far; the module writes its sections
  Trace& trace;
};

/// One exec in preparation: another process in a container that runs.
struct ExecContext {
  const ContainerRecord& record;
  const nlohmann::json& request;  ///< the body of POST /containers/ID/exec
  nlohmann::json&
      spec;  ///< the container's, as it was started; `process` and `annotations` are this process's own
};

/// What a stage adds to the engine. Methods are called from many threads; a module guards its own state.
class EngineModule {
 public:
  virtual ~EngineModule() = default;
  /// "images"; the key of its section in records.
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// At start, before routes are served: read own state, undo what an unclean stop left. The records are loaded, what
  /// runs is not known yet: `adopt` or `release` follows for each container.
  virtual void open(const EngineServices& /*services*/) {}
  virtual void add_routes(Router& /*router*/) {}
  /// The fields of the body itself that this module acts on, among those that a plain process has no use for.
  [[nodiscard]] virtual std::vector<std::string_view> config_fields() const { return {}; }
  /// The fields of HostConfig that this module acts on. One that no module claims earns its client a warning.
  [[nodiscard]] virtual std::vector<std::string_view> host_config_fields() const { return {}; }
  /// Refuses a bad create request before anything exists, and completes it with this module's defaults.
  /// \throws ApiError that names the field
  virtual void check(CreateRequest& /*request*/) {}
  /// On start: acquires things and writes this module's sections of the spec. If it throws, `release` of the modules
  /// before it is called.
  virtual void prepare(StartContext& /*start*/) {}
  /// On exec: changes what this module decides about a process. The rest stays as the container's first process has it.
  virtual void prepare_exec(ExecContext& /*exec*/) {}
  /// Refuses a bad `update` before anything is changed, and takes what it says of this module's fields over.
  /// \param changes      the request; what is absent, null, zero or empty there stays as it is
  /// \param host_config  as it was; as it is to be from now on
  /// \throws ApiError that names the field
  virtual void check_update(const nlohmann::json& /*changes*/, nlohmann::json& /*host_config*/,
                            std::vector<std::string>& /*warnings*/) {}
  /// The container runs, and its HostConfig is to be this one from now on. All or nothing. \throws ApiError
  virtual void update(const ContainerRecord& /*record*/, const nlohmann::json& /*host_config*/) {}
  /// True if the container is paused, as this module knows: asked when an engine takes over what runs.
  [[nodiscard]] virtual bool is_paused(const ContainerRecord& /*record*/) const noexcept {
    return false;
  }
  /// A paused container has got a signal that is to end it: it goes on now. Nothing if it is not paused.
  virtual void resume(const ContainerRecord& /*record*/) noexcept {}
  /// The processes of a container that runs, as the host numbers them; nothing if this module does not know.
  [[nodiscard]] virtual std::vector<pid_t> processes(const ContainerRecord& /*record*/) const {
    return {};
  }
  /// The process has ended by itself or was killed; `release` follows. Not for a failed start.
  virtual void ended(const ContainerRecord& /*record*/) noexcept {}
  /// At engine start instead of `release`: the container runs on, what an earlier engine prepared for it is in use.
  virtual void adopt(const ContainerRecord& /*record*/) noexcept {}
  /// After the exit or a failed start, always; and at engine start for each container that does not run. Idempotent.
  virtual void release(const ContainerRecord& /*record*/) noexcept {}
  /// The container is being removed, `release` was called before. What the module keeps for it beyond its folder goes
  /// now; an engine that dies over it asks again at its next start. Idempotent.
  /// \param volumes  the client wants its anonymous volumes gone, too
  virtual void removed(const ContainerRecord& /*record*/, bool /*volumes*/) noexcept {}
  /// This module's part of `inspect`.
  virtual void describe(const ContainerRecord& /*record*/, nlohmann::json& /*inspect*/) const {}
  /// This module's part of `explain`: sentences that say how this end came about, as far as it was this module's matter.
  /// They follow the engine's own: exit code, signal, OOM flag.
  virtual void explain_end(const ContainerRecord& /*record*/, const ExitRecord& /*end*/,
                           std::vector<std::string>& /*sentences*/) const {}
  /// This module's part of a list entry ("ImageID", "Ports").
  virtual void describe_in_list(const ContainerRecord& /*record*/,
                                nlohmann::json& /*entry*/) const {}
  /// True if the container's image is `image` (as a person wrote it) or was made from it: the filter "ancestor".
  [[nodiscard]] virtual bool descends_from(const ContainerRecord& /*record*/,
                                           const std::string& /*image*/) const {
    return false;
  }
  /// This module's part of a container's sizes: adds to "SizeRw" (what it has written) and "SizeRootFs" (all it sees),
  /// in bytes.
  virtual void describe_size(const ContainerRecord& /*record*/, nlohmann::json& /*sizes*/) const {}
  /// This module's sections of `system df`. \param type  "image", "volume", "build-cache"
  virtual void describe_disk_usage(std::string_view /*type*/, nlohmann::json& /*usage*/) const {}
  /// This module's part of `info`.
  virtual void describe_system(nlohmann::json& /*info*/) const {}
};

using EngineModules = std::vector<std::unique_ptr<EngineModule>>;

}  // namespace slipway
