#pragma once
/// \file
/// What a client may ask of an exec, read and checked, and what the shim is told then.

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "01-cli-socket/http_server.hpp"
#include "02-daemon/base/terminal.hpp"
#include "02-daemon/engine/engine_module.hpp"

namespace slipway {

/// The body of POST /containers/ID/exec. \throws ApiError 400 that names the field
nlohmann::json read_exec_request(Exchange& exchange);

/// A start of an exec, as its client asked for it.
struct ExecStartRequest {
  bool detach = false;
  bool tty =
      false;  ///< how the stream is written; whether there is a terminal was decided when the exec was made
  TerminalSize console_size{};
};

/// The body of POST /exec/ID/start. \throws ApiError 400
ExecStartRequest read_exec_start(Exchange& exchange);

/// Gives the container's spec what this process has of its own: command, environment, folder, terminal.
void write_exec_process(const nlohmann::json& request, const ExecStartRequest& start,
                        nlohmann::json& spec);

/// The shim's words for what is attached: "stdin=1&stdout=1&stderr=0&framed=1".
std::string exec_streams(const nlohmann::json& request, const ExecStartRequest& start);

/// "sh -c true": as events and lists print it.
std::string exec_command_text(const nlohmann::json& request);

/// A size of a terminal: rows and columns, as `ConsoleSize` has them. \throws ApiError 400 that names the field
TerminalSize console_size(const nlohmann::json& value, const std::string& field);

}  // namespace slipway
