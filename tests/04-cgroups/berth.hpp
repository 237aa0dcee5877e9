#pragma once
/// \file
/// An engine of stage 04 with a root folder to run in, and a container's cgroup as the host sees it.

#include <algorithm>
#include <string>

#include "03-namespaces/harbour.hpp"

namespace slipway::test {

/// True if the host's limits are in version 2's tree.
inline bool unified_host() { return std::filesystem::exists("/sys/fs/cgroup/cgroup.controllers"); }

/// A name for a cgroup of this test: the leak check looks for it.
inline std::string test_group() {
  return "/" + std::filesystem::path(Environment::get().prefix).filename().string() +
         random_name("group");
}

/// The parent of an engine's cgroups.
inline std::string parent_group(const TestEngine& engine) {
  std::string name = engine.exec_root();
  std::replace(name.begin(), name.end(), '/', '-');
  return "/slipway" + name;
}

/// A file of a container's cgroup. \param version1  "memory/memory.limit_in_bytes": the tree, then the file
inline std::string cgroup_path(const TestEngine& engine, const std::string& id,
                               const std::string& version1, const std::string& version2) {
  const std::string root = "/sys/fs/cgroup", place = parent_group(engine) + "/" + id;
  if (unified_host()) return root + place + "/" + version2;
  const std::size_t slash = version1.find('/');
  return root + "/" + version1.substr(0, slash) + place + version1.substr(slash);
}

/// Its text, without the line end.
inline std::string cgroup_text(const TestEngine& engine, const std::string& id,
                               const std::string& version1, const std::string& version2) {
  std::string text = read_text(cgroup_path(engine, id, version1, version2));
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

/// The cgroup folders that an engine's containers have now.
inline std::set<std::string> container_cgroups(const TestEngine& engine) {
  std::set<std::string> found;
  const std::string root = "/sys/fs/cgroup";
  std::vector<std::string> parents = {root + parent_group(engine)};
  for (const auto& tree : std::filesystem::directory_iterator(root)) {
    parents.push_back(tree.path().string() + parent_group(engine));
  }
  std::error_code gone;
  for (const std::string& parent : parents) {
    for (std::filesystem::directory_iterator it(parent, gone), end; !gone && it != end;
         it.increment(gone)) {
      if (it->is_directory(gone)) found.insert(it->path());
    }
  }
  return found;
}

/// An engine of stage 04.
struct Berth : Harbour {
  Berth() : Harbour("04") {}

  /// A file of a container's cgroup.
  [[nodiscard]] std::string text(const std::string& id, const std::string& version1,
                                 const std::string& version2) const {
    return cgroup_text(engine, id, version1, version2);
  }
  [[nodiscard]] nlohmann::json inspect(const std::string& name) {
    return engine.http("GET", "/containers/" + name + "/json").json();
  }
  /// A container that runs, with these flags. \returns its id
  std::string start_with(const std::string& name, const std::vector<std::string>& flags,
                         const std::vector<std::string>& command) {
    std::vector<std::string> line = {"run", "-d", "--name", name};
    line.insert(line.end(), flags.begin(), flags.end());
    line.push_back(root);
    line.insert(line.end(), command.begin(), command.end());
    const auto started = engine.slipway(line);
    INFO(started);
    REQUIRE(started.status == 0);
    return started.out.substr(0, 64);
  }
};

}  // namespace slipway::test
