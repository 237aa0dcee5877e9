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

const json& section(const json& document, const char* name) {
  const json& found = document.at(name);
  static_cast<void>(JsonFields(found, name));  // an object, or an error that names it
  return found;
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
  record.config = section(document, "Config");
  record.host_config = section(document, "HostConfig");
  record.networking_config = section(document, "NetworkingConfig");
  record.sections = section(document, "Sections");
  return record;
}

std::string record_path(const std::string& folder) { return folder + "/record.json"; }

}  // namespace

ContainerStore::ContainerStore(std::string folder) : folder_(std::move(folder)) {
  make_folders(folder_, 0710);
}

void ContainerStore::save(const ContainerRecord& record, Durability durability) {
  const std::string folder = folder_of(record.id);
  try {
    make_folders(folder, 0710);
    write_file_atomically(record_path(folder), to_json(record).dump(1) + "\n", durability);
    if (durability == Durability::durable) sync_folder(folder_);
  } catch (...) {
    remove_tree(folder);
    throw;
  }
}

void ContainerStore::remove(const std::string& id, Durability durability) {
  const std::string folder = folder_of(id);
  if (::unlink(record_path(folder).c_str()) != 0 && errno != ENOENT) {
    throw SysError(errno, "unlink", record_path(folder));
  }
  // Without the record there is no container, whatever becomes of the rest.
  if (durability == Durability::durable && std::filesystem::exists(folder)) sync_folder(folder);
  remove_tree(folder);
}

std::vector<ContainerRecord> ContainerStore::load(std::vector<BrokenRecord>& broken) {
  std::vector<ContainerRecord> records;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string id = entry.path().filename();
    try {
      const auto text = read_file(record_path(entry.path()));
      if (!text) {
        remove_tree(entry.path());
        continue;
      }
      ContainerRecord record = record_from_json(parse_json(*text, "record.json"));
      if (record.id != id) throw std::runtime_error("it is the record of container " + record.id);
      records.push_back(std::move(record));
    } catch (const std::exception& error) {
      broken.push_back({id, error.what()});
    }
  }
  return records;
}

}  // namespace slipway
