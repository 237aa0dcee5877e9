#include "exec_table.hpp"

#include <unistd.h>

#include <filesystem>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/http_message.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "02-daemon/base/identity.hpp"

namespace slipway {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// How many that have ended are remembered: a health check makes one every few seconds, for ever.
constexpr std::size_t kMostEnded = 256;

ApiError no_such_exec(const std::string& id) { return not_found("No such exec instance: " + id); }

}  // namespace

std::string ExecTable::file_of(const Exec& exec) const {
  return task_folder(exec_root_, exec.container_id).execs() + "/" + exec.id + ".json";
}

void ExecTable::save(const Exec& exec) const {
  make_folders(task_folder(exec_root_, exec.container_id).execs());
  const json document{{"Request", exec.request}, {"Started", exec.state != ExecState::created}};
  write_file_atomically(file_of(exec), document.dump(1), Durability::volatile_);
}

std::vector<Exec> ExecTable::load(const std::string& container_id) {
  std::vector<Exec> started;
  std::error_code none;  // no folder: nobody ever called exec
  for (const auto& entry :
       fs::directory_iterator(task_folder(exec_root_, container_id).execs(), none)) {
    Exec exec{.id = entry.path().stem(), .container_id = container_id, .request = {}};
    if (entry.path().extension() != ".json" || !is_exec_id(exec.id)) continue;
    try {
      const json document = parse_json(read_file(entry.path()).value_or(""), entry.path().string());
      exec.request = document.at("Request");
      if (JsonFields(document).boolean("Started")) exec.state = ExecState::running;
    } catch (const std::exception& error) {
      log_line(LogLevel::error, std::string("ignoring an exec: ") + error.what());
      continue;
    }
    const std::scoped_lock lock(mutex_);
    execs_[exec.id] = exec;
    if (exec.state == ExecState::running) started.push_back(exec);
  }
  return started;
}

Exec ExecTable::add(const std::string& container_id, json request) {
  Exec exec{.id = random_id(), .container_id = container_id, .request = std::move(request)};
  save(exec);
  const std::scoped_lock lock(mutex_);
  execs_[exec.id] = exec;
  return exec;
}

Exec ExecTable::find(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = execs_.find(id);
  if (found == execs_.end()) throw no_such_exec(id);
  return found->second;
}

Exec ExecTable::begin_start(const std::string& id) {
  Exec exec;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = execs_.find(id);
    if (found == execs_.end()) throw no_such_exec(id);
    if (found->second.state == ExecState::ended) {
      throw conflict("exec command " + id + " has already run");
    }
    if (found->second.state != ExecState::created) {
      throw conflict("exec command " + id + " is already running");
    }
    found->second.state = ExecState::starting;
    exec = found->second;
  }
  save(exec);
  return exec;
}

void ExecTable::running(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  const auto found = execs_.find(id);
  if (found != execs_.end() && found->second.state == ExecState::starting) {
    found->second.state = ExecState::running;
  }
}

void ExecTable::keep_steps(const std::string& id, std::vector<TraceStep> steps) {
  const std::scoped_lock lock(mutex_);
  const auto found = execs_.find(id);
  if (found != execs_.end()) found->second.steps = std::move(steps);
}

std::vector<TraceStep> ExecTable::take_steps(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  const auto found = execs_.find(id);
  return found == execs_.end() ? std::vector<TraceStep>() : std::exchange(found->second.steps, {});
}

bool ExecTable::ended(const std::string& id, const ExecExit& exit) {
  const std::scoped_lock lock(mutex_);
  const auto found = execs_.find(id);
  if (found == execs_.end() || found->second.state == ExecState::ended) return false;
  Exec& exec = found->second;
  exec.state = ExecState::ended;
  exec.exit_code = exit.code;
  exec.pid = exit.pid;
  ended_.push_back(id);
  forget_old();
  return true;
}

void ExecTable::forget_old() {
  if (ended_.size() <= kMostEnded) return;
  const auto oldest = execs_.find(ended_.front());
  ended_.erase(ended_.begin());
  if (oldest == execs_.end()) return;
  const std::string path = file_of(oldest->second);
  ::unlink(path.c_str());
  ::unlink((path.substr(0, path.size() - 4) + "exit").c_str());
  execs_.erase(oldest);
}

std::vector<std::string> ExecTable::of_container(const std::string& container_id) const {
  std::vector<std::string> ids;
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, exec] : execs_) {
    if (exec.container_id == container_id && exec.state != ExecState::ended) ids.push_back(id);
  }
  return ids;
}

void ExecTable::forget_container(const std::string& container_id) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(execs_,
                [&](const auto& entry) { return entry.second.container_id == container_id; });
}

}  // namespace slipway
