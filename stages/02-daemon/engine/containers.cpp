#include "containers.hpp"

#include <algorithm>

#include "01-cli-socket/api_error.hpp"

namespace slipway {
namespace {

std::string without_slash(const std::string& name) {
  return name.starts_with("/") ? name.substr(1) : name;
}

}  // namespace

ContainerPtr ContainerTable::maybe_find(const std::string& reference) const {
  const std::scoped_lock lock(mutex_);
  if (const auto exact = by_id_.find(reference); exact != by_id_.end()) return exact->second;
  if (const auto name = id_by_name_.find(without_slash(reference)); name != id_by_name_.end()) {
    const auto found = by_id_.find(name->second);
    return found == by_id_.end() ? nullptr : found->second;  // reserved, not inserted yet
  }
  if (reference.empty()) return nullptr;
  const auto first = by_id_.lower_bound(reference);
  if (first == by_id_.end() || !first->first.starts_with(reference)) return nullptr;
  const auto second = std::next(first);
  if (second != by_id_.end() && second->first.starts_with(reference)) {
    throw bad_request("multiple IDs found with provided prefix: " + reference);
  }
  return first->second;
}

ContainerPtr ContainerTable::find(const std::string& reference) const {
  ContainerPtr container = maybe_find(reference);
  if (!container) throw not_found("No such container: " + reference);
  return container;
}

std::vector<ContainerPtr> ContainerTable::all() const {
  std::vector<ContainerPtr> containers;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, container] : by_id_) containers.push_back(container);
  }
  std::sort(containers.begin(), containers.end(),
            [](const auto& a, const auto& b) { return a->record.created > b->record.created; });
  return containers;
}

void ContainerTable::reserve_name(const std::string& name, const std::string& id) {
  const std::scoped_lock lock(mutex_);
  const auto [entry, taken] = id_by_name_.emplace(name, id);
  if (taken || entry->second == id) return;
  throw conflict(
      "Conflict. The container name \"/" + name + "\" is already in use by container \"" +
      entry->second +
      "\". You have to remove (or rename) that container to be able to reuse that name.");
}

void ContainerTable::release_name(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  id_by_name_.erase(name);
}

void ContainerTable::rename(Container& container, const std::string& name) {
  const std::scoped_lock lock(mutex_);
  id_by_name_.erase(container.record.name);
  container.record.name = name;
}

void ContainerTable::insert(ContainerPtr container) {
  const std::scoped_lock lock(mutex_);
  by_id_[container->record.id] = std::move(container);
}

void ContainerTable::erase(const Container& container) {
  const std::scoped_lock lock(mutex_);
  by_id_.erase(container.record.id);
  const auto name = id_by_name_.find(container.record.name.get());
  if (name != id_by_name_.end() && name->second == container.record.id) id_by_name_.erase(name);
}

}  // namespace slipway
