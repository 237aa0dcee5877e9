#include "container_store.hpp"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <optional>

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
          {"HostConfig", record.host_config.get()},
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

constexpr char kStopped[] = "/stopped";
constexpr char kSignalled[] = " signalled, not to end it\n";
constexpr char kRemoving[] = "/removing.json";
constexpr char kRemovingVolumes[] = "/removing-volumes.json";

const char* record_name(Durability durability) {
  return durability == Durability::durable ? "/record.json" : "/record-until-boot.json";
}

/// The record in this file; nothing if there is none.
std::optional<ContainerRecord> read_record(const std::string& folder, const std::string& name) {
  const auto text = read_file(folder + name);
  if (!text) return std::nullopt;
  ContainerRecord record = record_from_json(parse_json(*text, name.substr(1)));
  const std::string id = folder.substr(folder.rfind('/') + 1);
  if (record.id != id) throw std::runtime_error("it is the record of container " + record.id);
  return record;
}

/// The name in a record that cannot be read as a whole; empty if not even that can be made out.
std::string name_in(const std::string& file) {
  try {
    const json document = parse_json(read_file(file).value_or(""), "record");
    return JsonFields(document).text("Name");
  } catch (const std::exception&) {
    return {};
  }
}

/// A file that was renamed and never synced may have kept its name over a power cut, and lost its content.
bool lost_its_content(const std::string& file) {
  try {
    return read_file(file).value_or("").find_first_not_of('\0') == std::string::npos;
  } catch (const std::exception&) {
    return false;
  }
}

bool rename_if_there(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return true;
  if (errno != ENOENT) throw SysError(errno, "rename", from);
  return false;
}

}  // namespace

ContainerStore::ContainerStore(std::string folder) : folder_(std::move(folder)) {
  make_folders(folder_, 0710);
}

std::string ContainerStore::record_file(const std::string& id, Durability durability) const {
  return folder_of(id) + record_name(durability);
}

std::string ContainerStore::stop_file(const std::string& id) const {
  return folder_of(id) + kStopped;
}

void ContainerStore::save(const ContainerRecord& record, Durability durability) {
  try {
    make_folders(folder_of(record.id), 0710);
    replace(record, durability);
    if (durability == Durability::durable) sync_folder(folder_);
  } catch (...) {
    remove_tree(folder_of(record.id));
    throw;
  }
}

void ContainerStore::replace(const ContainerRecord& record, Durability durability) {
  write_file_atomically(record_file(record.id, durability), to_json(record).dump(1) + "\n",
                        durability);
}

void ContainerStore::note_stop(const std::string& id, const StopNote& note) {
  write_file_atomically(stop_file(id), note.run + (note.to_end_it ? "\n" : kSignalled));
}

StopNote ContainerStore::stop_note(const std::string& id) const {
  const std::string text = read_file(stop_file(id)).value_or("");
  return {.run = text.substr(0, text.find_first_of(" \n")),
          .to_end_it = !text.ends_with(kSignalled)};
}

void ContainerStore::begin_removal(const std::string& id, bool volumes, Durability durability) {
  const std::string folder = folder_of(id);
  const std::string target = folder + (volumes ? kRemovingVolumes : kRemoving);
  bool renamed = false;
  for (const Durability kind : {Durability::volatile_, Durability::durable}) {
    renamed = rename_if_there(folder + record_name(kind), target) || renamed;
  }
  if (renamed && durability == Durability::durable) sync_folder(folder);
}

void ContainerStore::remove(const std::string& id) { remove_tree(folder_of(id)); }

void ContainerStore::load_folder(const std::string& id, StoredContainers& found) {
  const std::string folder = folder_of(id);
  for (const Durability kind : {Durability::durable, Durability::volatile_}) {
    const std::string file = record_name(kind);
    if (kind == Durability::volatile_ && lost_its_content(folder + file)) continue;
    try {
      if (auto record = read_record(folder, file)) {
        found.records.push_back(std::move(*record));
        return;
      }
    } catch (const std::exception& error) {
      found.broken.push_back({id, name_in(folder + file), error.what()});
      return;
    }
  }
  for (const bool volumes : {false, true}) {
    try {
      auto record = read_record(folder, volumes ? kRemovingVolumes : kRemoving);
      if (!record) continue;
      found.removals.push_back({std::move(*record), volumes});
      return;
    } catch (const std::exception&) {  // what cannot be read says nothing about what is to go
    }
  }
  remove_tree(folder);
}

StoredContainers ContainerStore::load() {
  StoredContainers found;
  std::vector<std::string> ids;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    ids.push_back(entry.path().filename());
  }
  for (const std::string& id : ids) load_folder(id, found);
  return found;
}

}  // namespace slipway
