#pragma once
/// \file
/// exec in the engine: another process in a container that runs. The engine decides and records; the shim runs it.
///
///     POST /containers/ID/exec   an exec is made: what is to run, and as whom
///     POST /exec/ID/start        it runs, with its streams on this connection or with none
///     POST /exec/ID/resize       its terminal has another size
///     GET  /exec/ID/json         what became of it
///     POST /containers/ID/resize the same for the container's own terminal

#include <functional>
#include <memory>
#include <string>

#include "02-daemon/engine/containers.hpp"
#include "02-daemon/engine/engine_module.hpp"
#include "02-daemon/engine/event_log.hpp"
#include "02-daemon/task/shim_client.hpp"
#include "exec_request.hpp"
#include "exec_table.hpp"
#include "exec_watch.hpp"

namespace slipway {

/// Thread-safe.
class ExecModule final : public EngineModule {
 public:
  ExecModule();
  ~ExecModule() override;
  /// Whom to ask for their part of an exec. Before the first request.
  void serve_with(const EngineModules& modules) { modules_ = &modules; }
  /// No end is noticed any more. Before the engine goes.
  void stop_watching();

  std::string_view name() const override { return "exec"; }
  void open(const EngineServices& services) override;
  void removed(const ContainerRecord& record, bool volumes) noexcept override;
  void add_routes(Router& router) override;
  void check(CreateRequest& request) override;
  void describe(const ContainerRecord& record, nlohmann::json& inspect) const override;

  /// \throws ApiError 400, 404, 409 in docker's words \returns the exec's id
  std::string create(const std::string& reference, nlohmann::json request);
  /// Runs it. \returns its streams, or none if `detach`. A failure ends the exec with docker's exit code.
  /// \throws ApiError with the message that the client gets
  RawStream start(const Exec& exec, const ExecStartRequest& request, Trace& trace);
  /// An attached client's stream has come to an end: tells of it if that was the client's wish (detach keys).
  void stream_ended(const Exec& exec) const;
  /// \throws ApiError 404, 409 (not running)
  void resize_container(const std::string& reference, TerminalSize size) const;
  /// \throws ApiError 404, 400 (not started)
  void resize(const std::string& id, TerminalSize size);
  [[nodiscard]] nlohmann::json inspect(const std::string& id);
  [[nodiscard]] ExecTable& table() { return *table_; }
  [[nodiscard]] ShimClient shim(const std::string& container_id) const;
  /// \throws ApiError 404, 409 in docker's words
  [[nodiscard]] ContainerPtr running_container(const std::string& reference) const;

 private:
  nlohmann::json body_of(const Exec& exec, const ExecStartRequest& request) const;
  void failed(const Exec& exec, const std::string& message);
  void watch(const Exec& exec);
  void find_end(const std::string& id);
  void note_end(const Exec& exec, const ExecExit& exit);
  void tell(const Exec& exec, const std::string& action,
            std::map<std::string, std::string> attributes = {}) const;

  std::string exec_root_;
  const ContainerTable* containers_ = nullptr;
  const EngineModules* modules_ = nullptr;
  EventLog* events_ = nullptr;
  std::unique_ptr<ExecTable> table_;
  std::unique_ptr<ExecWatch> watch_;
};

/// Docker's view of an exec.
nlohmann::json exec_json(const Exec& exec);

}  // namespace slipway
