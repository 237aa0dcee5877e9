#include "task_files.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "01-cli-socket/http_message.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/sys_error.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr char kLetRun[] = "started\n";

json to_json(const TaskStdio& stdio) {
  return {{"Terminal", stdio.terminal},         {"OpenStdin", stdio.open_stdin},
          {"StdinOnce", stdio.stdin_once},      {"LogDriver", stdio.log_driver},
          {"LogPath", stdio.log_path},          {"LogMaxSize", stdio.log_max_size},
          {"LogMaxFiles", stdio.log_max_files}, {"LogAttributes", stdio.log_attributes}};
}

TaskStdio stdio_from(const JsonFields& fields) {
  return {.terminal = fields.boolean("Terminal"),
          .open_stdin = fields.boolean("OpenStdin"),
          .stdin_once = fields.boolean("StdinOnce"),
          .log_driver = fields.text("LogDriver", "json-file"),
          .log_path = fields.text("LogPath"),
          .log_max_size = fields.integer("LogMaxSize", -1),
          .log_max_files = static_cast<int>(fields.integer("LogMaxFiles", 1)),
          .log_attributes = fields.text("LogAttributes")};
}

std::string record_path(const std::string& ledger, const std::string& id) {
  return ledger + "/" + id + ".json";
}

}  // namespace

json to_json(const TaskSettings& settings) {
  return {{"Id", settings.id},
          {"Ledger", settings.ledger},
          {"StartedAt", settings.started_at},
          {"RestartCount", settings.restart_count},
          {"Durable", settings.durable},
          {"Explain", settings.explain},
          {"Stdio", to_json(settings.stdio)}};
}

TaskSettings task_settings_from_json(const json& document) {
  const JsonFields fields(document);
  return {.id = fields.text("Id"),
          .ledger = fields.text("Ledger"),
          .started_at = fields.text("StartedAt"),
          .restart_count = static_cast<int>(fields.integer("RestartCount")),
          .durable = fields.boolean("Durable", true),
          .explain = fields.boolean("Explain"),
          .stdio = stdio_from(fields.object("Stdio"))};
}

ExitRecord begun_record(const TaskSettings& settings) {
  return {.id = settings.id,
          .started_at = settings.started_at,
          .restart_count = settings.restart_count};
}

json to_json(const ExitRecord& record) {
  json document{{"Id", record.id},
                {"StartedAt", record.started_at},
                {"FinishedAt", record.finished_at},
                {"RestartCount", record.restart_count},
                {"ExitCode", record.exit_code},
                {"Signal", record.signal},
                {"AskedSignal", record.asked_signal},
                {"OOMKills", record.oom_kills},
                {"Reason", record.reason},
                {"Error", record.error}};
  if (!record.previous.empty()) document["Previous"] = json::parse(record.previous);
  return document;
}

ExitRecord exit_record_from_json(const json& document) {
  const JsonFields fields(document);
  return {.id = fields.text("Id"),
          .started_at = fields.text("StartedAt"),
          .finished_at = fields.text("FinishedAt"),
          .restart_count = static_cast<int>(fields.integer("RestartCount")),
          .exit_code = static_cast<int>(fields.integer("ExitCode")),
          .signal = static_cast<int>(fields.integer("Signal")),
          .asked_signal = static_cast<int>(fields.integer("AskedSignal")),
          .oom_kills = static_cast<int>(fields.integer("OOMKills")),
          .reason = fields.text("Reason"),
          .error = fields.text("Error"),
          .previous = fields.has("Previous") ? document.at("Previous").dump() : std::string()};
}

void write_exit_record(const std::string& ledger, const ExitRecord& record, Durability durability) {
  write_file_atomically(record_path(ledger, record.id), to_json(record).dump(1) + "\n", durability);
}

std::optional<ExitRecord> read_exit_record(const std::string& ledger, const std::string& id) {
  const auto text = read_file(record_path(ledger, id), 1024 * 1024);
  if (!text) return std::nullopt;
  return exit_record_from_json(parse_json(*text, record_path(ledger, id)));
}

json read_task_file(const std::string& path) {
  const auto text = read_file(path);
  if (!text) throw SysError(ENOENT, "open", path);
  return parse_json(*text, path);
}

bool was_let_run(const TaskFolder& folder) {
  return read_file(folder.lock()).value_or("").ends_with(kLetRun);
}

std::string text_of_lock(pid_t shim, bool let_run) {
  return std::to_string(shim) + "\n" + (let_run ? kLetRun : "");
}

pid_t shim_pid_in(const TaskFolder& folder) {
  const std::string text = read_file(folder.lock()).value_or("");
  pid_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid;
}

TaskFolder task_folder(const std::string& exec_root, const std::string& id) {
  return {exec_root + "/tasks/" + id};
}

bool is_exec_id(const std::string& id) {
  return id.size() == 64 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void write_exec_exit(const TaskFolder& folder, const std::string& exec_id, const ExecExit& exit) {
  make_folders(folder.execs());
  const json document{{"ExitCode", exit.code}, {"Pid", exit.pid}};
  write_file_atomically(folder.execs() + "/" + exec_id + ".exit", document.dump() + "\n",
                        Durability::volatile_);
}

std::optional<ExecExit> read_exec_exit(const TaskFolder& folder, const std::string& exec_id) {
  const std::string path = folder.execs() + "/" + exec_id + ".exit";
  const auto text = read_file(path, 4096);
  if (!text) return std::nullopt;
  const json document = parse_json(*text, path);
  const JsonFields fields(document);
  return ExecExit{.code = static_cast<int>(fields.integer("ExitCode")),
                  .pid = static_cast<pid_t>(fields.integer("Pid"))};
}

int exit_code_of_failed_start(const std::string& message) {
  if (message.contains("executable file not found") ||
      message.contains("no such file or directory")) {
    return 127;
  }
  return message.contains("permission denied") ? 126 : 128;
}

}  // namespace slipway
