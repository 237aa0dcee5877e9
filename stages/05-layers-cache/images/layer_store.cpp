#include "layer_store.hpp"

#include <stdio.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "01-cli-socket/http_message.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/atomic_file.hpp"
#include "digest_folder.hpp"

namespace slipway {

void LayerStore::open() { make_folders(folder_); }

std::string LayerStore::root_of(const Digest& diff_id) const {
  return folder_ + "/" + diff_id.hex() + "/fs";
}

std::optional<LayerInfo> LayerStore::find(const Digest& diff_id) const {
  const auto text = read_file(folder_ + "/" + diff_id.hex() + "/layer.json");
  if (!text) return std::nullopt;
  const nlohmann::json document = parse_json(*text, "layer.json");
  return LayerInfo{.diff_id = diff_id,
                   .size = document.at("Size").get<std::uint64_t>(),
                   .entries = document.at("Entries").get<std::uint64_t>()};
}

void LayerStore::finish(const std::string& staged, const LayerInfo& info) {
  const nlohmann::json document{
      {"DiffId", info.diff_id.text()}, {"Size", info.size}, {"Entries", info.entries}};
  write_file_atomically(staged + "/layer.json", dump_json(document) + "\n", Durability::volatile_);
}

void LayerStore::adopt(const std::string& staged, const Digest& diff_id) {
  if (find(diff_id)) return;
  const std::string place = folder_ + "/" + diff_id.hex();
  remove_tree(place);  // what is there without a layer.json is no layer
  check(::rename(staged.c_str(), place.c_str()), "rename", place);
}

void LayerStore::sync() const { sync_folder(folder_); }

std::set<Digest> LayerStore::discard_others(const std::set<Digest>& used,
                                            const StagingFolder& bin) {
  std::set<Digest> discarded;
  for (const Digest& diff_id : digests_in(folder_)) {
    if (used.contains(diff_id)) continue;
    const std::string to = bin.path() + "/" + diff_id.hex();
    check(::rename((folder_ + "/" + diff_id.hex()).c_str(), to.c_str()), "rename", to);
    discarded.insert(diff_id);
  }
  return discarded;
}

}  // namespace slipway
