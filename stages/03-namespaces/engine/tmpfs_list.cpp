#include "tmpfs_list.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "03-namespaces/base/annotations.hpp"
#include "03-namespaces/base/mount_options.hpp"
#include "default_spec.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// What tmpfs(5) itself takes; anything else could be a mount flag.
constexpr auto kParameters = std::to_array<std::string_view>(
    {"size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"});

bool is_known(const std::string& option) {
  const MountOptions parsed = parse_mount_options({option});
  if (parsed.bind) return false;
  return parsed.parameters.empty() ||
         (std::ranges::find(kParameters, parsed.parameters.front().first) != kParameters.end() &&
          !parsed.parameters.front().second.empty());
}

/// Without "..", double slashes and one at the end; "/" becomes empty.
std::string normal(const std::string& path) {
  std::string text = std::filesystem::path(path).lexically_normal();
  if (text.ends_with('/')) text.pop_back();
  return text;
}

void check_path(const std::string& path) {
  if (!path.starts_with('/')) {
    throw bad_request("HostConfig.Tmpfs: invalid mount path: '" + path +
                      "' mount path must be absolute");
  }
  const std::string place = normal(path);
  if (place.empty()) {
    throw bad_request("HostConfig.Tmpfs: invalid specification: destination can't be '/'");
  }
  if (place == "/proc" || place.starts_with("/proc/")) {
    throw bad_request("HostConfig.Tmpfs: \"" + path +
                      "\" cannot be mounted because it is inside /proc");
  }
}

/// Docker's three, and what was asked for behind them: the last word counts.
std::vector<std::string> options_of(const std::string& text) {
  std::vector<std::string> options = {"noexec", "nosuid", "nodev"};
  for (std::string& option : split_words(text, ',')) options.push_back(std::move(option));
  return options;
}

}  // namespace

void check_tmpfs(const json& host_config) {
  for (const auto& [path, text] : JsonFields(host_config, "HostConfig").text_map("Tmpfs")) {
    check_path(path);
    for (const std::string& option : split_words(text, ',')) {
      if (!is_known(option)) {
        throw bad_request("HostConfig.Tmpfs." + path + ": invalid tmpfs option \"" + option + "\"");
      }
    }
  }
}

void add_tmpfs(const json& host_config, json& mounts) {
  // A map is sorted, so that "/a" comes before "/a/b", which is mounted in it.
  for (const auto& [path, text] : JsonFields(host_config, "HostConfig").text_map("Tmpfs")) {
    json entry = mount_entry(normal(path), "tmpfs", "tmpfs", options_of(text));
    const auto there = std::find_if(mounts.begin(), mounts.end(), [&](const json& other) {
      return other["destination"] == entry["destination"];
    });
    if (there != mounts.end()) {
      *there = std::move(entry);
    } else {
      mounts.push_back(std::move(entry));
    }
  }
}

}  // namespace slipway
