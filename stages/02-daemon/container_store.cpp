#include "container_store.hpp"

#include <unistd.h>

#include <filesystem>

#include "01-cli-socket/http_message.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/sys_error.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// Of the record's layout. A record with a higher one was written by a newer Slipway: it is left alone.
constexpr int kSchema = 1;

json to_json(const ContainerRecord& record) {
  return {{"Schema", kSchema},
          {"Id", record.id},
          {"Name", record.name},
          {"Created", record.created},
          {"Config", record.config},
          {"HostConfig", record.host_config},
          {"NetworkingConfig", record.networking_config},
          {"Sections", record.sections}};
}

ContainerRecord record_from_json(const json& document) {
  const JsonFields fields(document);
  if (fields.integer("Schema") > kSchema) {
    throw std::runtime_error("written by a newer version (schema " +
                             std::to_string(fields.integer("Schema")) + ")");
  }
  ContainerRecord record;
  record.id = fields.text("Id");
  record.name = fields.text("Name");
  record.created = fields.text("Created");
  record.config = document.at("Config");
  record.host_config = document.at("HostConfig");
  record.networking_config = document.at("NetworkingConfig");
  record.sections = document.at("Sections");
  return record;
}

std::string config_path(const std::string& folder) { return folder + "/config.json"; }

}  // namespace

ContainerStore::ContainerStore(std::string folder) : folder_(std::move(folder)) {
  make_folders(folder_, 0710);
}

void ContainerStore::save(const ContainerRecord& record, Durability durability) {
  const std::string folder = folder_of(record.id);
  try {
    make_folders(folder, 0710);
    write_file_atomically(config_path(folder), to_json(record).dump(1), durability);
    if (durability == Durability::durable) sync_folder(folder_);
  } catch (...) {
    remove_tree(folder);
    throw;
  }
}

void ContainerStore::remove(const std::string& id, Durability durability) {
  const std::string folder = folder_of(id);
  if (::unlink(config_path(folder).c_str()) != 0 && errno != ENOENT) {
    throw SysError(errno, "unlink", config_path(folder));
  }
  if (durability == Durability::durable) sync_folder(folder);
  remove_tree(folder);
}

std::vector<ContainerRecord> ContainerStore::load(std::vector<BrokenRecord>& broken) {
  std::vector<ContainerRecord> records;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string id = entry.path().filename();
    try {
      const auto text = read_file(config_path(entry.path()));
      if (!text) {
        remove_tree(entry.path());
        continue;
      }
      records.push_back(record_from_json(parse_json(*text, "config.json")));
    } catch (const std::exception& error) {
      broken.push_back({id, error.what()});
    }
  }
  return records;
}

}  // namespace slipway
