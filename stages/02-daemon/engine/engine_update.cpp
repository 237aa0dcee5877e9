// `update`: another HostConfig for a container, and for what runs as it.

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "engine.hpp"
#include "restart_policy.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// This stage's own field. An absent policy, or one without a name, stays.
void take_restart_policy(const json& changes, json& host_config) {
  const JsonFields policy = JsonFields(changes).object("RestartPolicy");
  if (policy.text("Name").empty()) return;
  json wanted = host_config;
  wanted["RestartPolicy"] = policy.document();
  const bool restarts =
      restart_policy_of({{"RestartPolicy", policy.document()}}).kind != RestartPolicy::Kind::no;
  if (restarts && JsonFields(host_config).boolean("AutoRemove")) {
    throw bad_request(
        "Restart policy cannot be updated because AutoRemove is enabled for the container");
  }
  host_config = std::move(wanted);
}

}  // namespace

json Engine::updated_host_config(const Container& container, const json& changes,
                                 std::vector<std::string>& warnings) const {
  json host_config = container.record.host_config.get();
  take_restart_policy(changes, host_config);
  for (const auto& module : modules_) module->check_update(changes, host_config, warnings);
  return host_config;
}

/// The kernel first: what it refuses is not recorded. What cannot be recorded is taken back.
void Engine::put_into_effect(Container& container, const json& host_config, bool runs) {
  const ContainerRecord& record = container.record;
  std::size_t done = 0;
  try {
    for (; runs && done < modules_.size(); ++done) modules_[done]->update(record, host_config);
    ContainerRecord updated = record;
    updated.host_config = host_config;
    store_.replace(updated, durability_of(updated));
  } catch (const std::exception& error) {
    for (; done > 0; --done) {
      try {
        modules_[done - 1]->update(record, record.host_config);
      } catch (const std::exception& again) {
        log_line(LogLevel::error, "container " + record.id + ": " + again.what());
      }
    }
    if (dynamic_cast<const ApiError*>(&error) != nullptr) throw;
    throw ApiError(500, "Cannot update container " + record.id + ": " + error.what());
  }
  container.record.host_config = host_config;
}

/// Without the lock while the kernel is at it: to take memory away from a container may take it a while.
std::vector<std::string> Engine::update(const std::string& reference, const json& changes) {
  const ContainerPtr container = containers_.find(reference);
  std::vector<std::string> warnings;
  bool runs = false;
  {
    std::unique_lock lock(container->mutex);
    wait_until_settled(*container, lock);
    require_allowed(Request::update, *container, reference);
    const Status status = container->state.status;
    runs = status == Status::running || status == Status::paused;
    container->state.updating = true;
  }
  const auto settle = [&] {
    const std::scoped_lock lock(container->mutex);
    container->state.updating = false;
    container->changed.notify_all();
  };
  try {
    put_into_effect(*container, updated_host_config(*container, changes, warnings), runs);
  } catch (...) {
    settle();
    throw;
  }
  settle();
  events_.publish(*container, "update");
  return warnings;
}

std::vector<pid_t> Engine::processes(const Container& container) const {
  for (const auto& module : modules_) {
    std::vector<pid_t> found = module->processes(container.record);
    if (!found.empty()) return found;
  }
  return {};
}

}  // namespace slipway
