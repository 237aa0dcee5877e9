#include "exec_request.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "02-daemon/api/create_request.hpp"
#include "02-daemon/base/detach_filter.hpp"
#include "02-daemon/engine/oci_spec.hpp"

namespace slipway {

using nlohmann::json;

namespace {

void check_detach_keys(const std::string& keys) {
  try {
    parse_detach_keys(keys);
  } catch (const std::runtime_error&) {
    throw bad_request("Invalid detach keys (" + keys + ") provided");
  }
}

/// execve(2) would take the text up to there.
void refuse_zero_bytes(const std::vector<std::string>& texts, const std::string& field) {
  for (const std::string& text : texts) {
    if (text.find('\0') != std::string::npos) throw bad_request(field + ": contains a NUL byte");
  }
}

}  // namespace

TerminalSize console_size(const json& value, const std::string& field) {
  if (value.is_null()) return {};
  const auto fits = [](const json& number) {
    return number.is_number_unsigned() && number.get<std::uint64_t>() <= 65535;
  };
  if (!value.is_array() || value.size() != 2 || !fits(value[0]) || !fits(value[1])) {
    throw bad_request(field + ": expected [height, width], numbers from 0 to 65535");
  }
  return {.rows = value[0].get<unsigned short>(), .columns = value[1].get<unsigned short>()};
}

json read_exec_request(Exchange& exchange) {
  json request = read_json_body(exchange);
  const JsonFields fields(request);
  const std::vector<std::string> command = fields.texts("Cmd");
  if (command.empty()) throw bad_request("No exec command specified");
  refuse_zero_bytes(command, "Cmd");
  refuse_zero_bytes(fields.texts("Env"), "Env");
  refuse_zero_bytes({fields.text("WorkingDir")}, "WorkingDir");
  const std::string folder = fields.text("WorkingDir");
  if (!folder.empty() && !folder.starts_with("/")) {
    throw bad_request("WorkingDir: '" + folder + "' is no absolute path");
  }
  refuse_zero_bytes({fields.text("User")}, "User");
  for (const char* flag : {"Tty", "AttachStdin", "AttachStdout", "AttachStderr", "Privileged"}) {
    static_cast<void>(fields.boolean(flag));
  }
  check_detach_keys(fields.text("DetachKeys"));
  if (request.contains("ConsoleSize")) console_size(request["ConsoleSize"], "ConsoleSize");
  return request;
}

ExecStartRequest read_exec_start(Exchange& exchange) {
  const json body = read_json_body(exchange);
  const JsonFields fields(body);
  ExecStartRequest start{.detach = fields.boolean("Detach"), .tty = fields.boolean("Tty")};
  if (start.tty && fields.has("ConsoleSize")) {
    start.console_size = console_size(body.at("ConsoleSize"), "ConsoleSize");
  }
  return start;
}

void write_exec_process(const json& request, const ExecStartRequest& start, json& spec) {
  const JsonFields fields(request);
  json& process = spec["process"];
  const bool tty = fields.boolean("Tty");
  std::vector<std::string> env = JsonFields(process, "process").texts("env");
  if (tty) env = merge_environment({"TERM=xterm"}, env);
  process["env"] = merge_environment(std::move(env), fields.texts("Env"));
  process["args"] = fields.texts("Cmd");
  process["terminal"] = tty;
  const std::string folder = fields.text("WorkingDir");
  if (!folder.empty()) process["cwd"] = folder;
  TerminalSize size = start.console_size;
  if (size.rows == 0 && fields.has("ConsoleSize")) {
    size = console_size(request.at("ConsoleSize"), "ConsoleSize");
  }
  process["consoleSize"] = {{"height", size.rows}, {"width", size.columns}};
}

std::string exec_streams(const json& request, const ExecStartRequest& start) {
  const JsonFields fields(request);
  const auto flag = [](bool value) { return value ? "=1" : "=0"; };
  std::string query = std::string("stdin") + flag(fields.boolean("AttachStdin"));
  query += std::string("&stdout") + flag(fields.boolean("AttachStdout"));
  query += std::string("&stderr") + flag(fields.boolean("AttachStderr"));
  query += std::string("&framed") + flag(!start.tty);
  const std::string keys = fields.text("DetachKeys");
  const std::string bytes = parse_detach_keys(keys.empty() ? kDefaultDetachKeys : keys);
  return query + "&detachKeys=" + percent_encode(bytes);
}

std::string exec_command_text(const json& request) {
  std::string text;
  for (const std::string& word : JsonFields(request).texts("Cmd")) {
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

}  // namespace slipway
