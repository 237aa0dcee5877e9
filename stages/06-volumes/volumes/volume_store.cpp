#include "volume_store.hpp"

#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/atomic_file.hpp"
#include "02-daemon/base/tree_size.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr char kRecord[] = "/volume.json";
constexpr char kMaking[] = ".making-";
constexpr char kRemoving[] = ".removing-";

void rename_folder(const std::string& from, const std::string& to) {
  check(::rename(from.c_str(), to.c_str()), "rename", from);
}

json to_json(const Volume& volume) {
  return {{"Name", volume.name},
          {"CreatedAt", volume.created},
          {"Labels", volume.labels},
          {"Options", volume.options},
          {"Anonymous", volume.anonymous}};
}

Volume from_json(const std::string& name, const json& document) {
  const JsonFields fields(document);
  return {.name = name,
          .created = fields.text("CreatedAt"),
          .labels = fields.text_map("Labels"),
          .options = fields.text_map("Options"),
          .anonymous = fields.boolean("Anonymous")};
}

}  // namespace

VolumeStore::VolumeStore(std::string data_root) : root_(std::move(data_root) + "/volumes") {}

void VolumeStore::open() {
  make_folders(root_, 0711);
  const std::scoped_lock lock(mutex_);
  for (const auto& entry : std::filesystem::directory_iterator(root_)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(kMaking) || name.starts_with(kRemoving)) {
      remove_tree(folder(name));
    } else if (entry.is_directory()) {
      volumes_[name] = read(name);
    }
  }
}

/// A record that cannot be read costs labels and options, not data.
VolumePtr VolumeStore::read(const std::string& name) const {
  try {
    const auto text = read_file(folder(name) + kRecord);
    if (!text) throw std::runtime_error("there is no volume.json");
    return std::make_shared<Volume>(from_json(name, json::parse(*text)));
  } catch (const std::exception& error) {
    log_line(LogLevel::warning, "volume " + name + ": its labels and options cannot be read (" +
                                    error.what() + "); what is in it stays");
    return std::make_shared<Volume>(Volume{.name = name, .created = rfc3339(0)});
  }
}

/// All under another name first: a volume is there whole or not at all.
void VolumeStore::write(const Volume& volume) const {
  const std::string making = folder(kMaking + volume.name);
  remove_tree(making);
  check(::mkdir(making.c_str(), 0711), "mkdir", making);
  const std::string data = making + "/_data";
  check(::mkdir(data.c_str(), 0755), "mkdir", data);
  check(::chmod(data.c_str(), 0755), "chmod", data);  // whatever our umask is
  write_file_atomically(making + kRecord, to_json(volume).dump());
  rename_folder(making, folder(volume.name));
  sync_folder(root_);
}

std::pair<VolumePtr, bool> VolumeStore::create(Volume wanted) {
  check_volume_name(wanted.name);
  check_volume_options(wanted.options);
  const std::scoped_lock lock(mutex_);
  VolumePtr& slot = volumes_[wanted.name];
  if (slot) return {slot, false};
  try {
    write(wanted);
  } catch (const std::exception&) {
    volumes_.erase(wanted.name);
    throw;
  }
  slot = std::make_shared<Volume>(std::move(wanted));
  return {slot, true};
}

VolumePtr VolumeStore::maybe_find(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  const auto found = volumes_.find(name);
  return found == volumes_.end() ? nullptr : found->second;
}

VolumePtr VolumeStore::find(const std::string& name) const {
  VolumePtr found = maybe_find(name);
  if (!found) throw not_found("get " + name + ": no such volume");
  return found;
}

std::vector<VolumePtr> VolumeStore::all() const {
  const std::scoped_lock lock(mutex_);
  std::vector<VolumePtr> found;
  for (const auto& [name, volume] : volumes_) found.push_back(volume);
  return found;
}

std::shared_ptr<void> VolumeStore::hold(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  ++holds_[name];
  return {this, [name](VolumeStore* store) {
            const std::scoped_lock release(store->mutex_);
            if (--store->holds_[name] == 0) store->holds_.erase(name);
          }};
}

void VolumeStore::remove(const std::string& name, const UsersOf& users_of) {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = volumes_.find(name);
    if (found == volumes_.end()) throw not_found("get " + name + ": no such volume");
    std::string users;
    for (const std::string& id : users_of(name)) users += (users.empty() ? "" : ", ") + id;
    if (!users.empty() || holds_.contains(name))
      throw conflict("remove " + name + ": volume is in use - [" + users + "]");
    remove_tree(folder(kRemoving + name));
    rename_folder(folder(name), folder(kRemoving + name));
    sync_folder(root_);
    volumes_.erase(found);
  }
  remove_tree(folder(kRemoving + name));
}

std::string VolumeStore::data_folder(const std::string& name) const {
  return folder(name) + "/_data";
}

std::int64_t VolumeStore::size(const Volume& volume) const {
  return volume.is_foreign() ? 0 : tree_size(data_folder(volume.name));
}

}  // namespace slipway
