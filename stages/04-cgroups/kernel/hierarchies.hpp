#pragma once
/// \file
/// Which cgroups this host has: cgroups(7). Version 2 is one tree in which each group has all controllers that its parent
/// hands down. Version 1 is a tree for each controller, and a process has a place in each of them.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

/// What is mounted at the host's cgroup folder. Immutable, so thread-safe.
class Hierarchies {
 public:
  /// Looks. A hybrid host (version 1's trees, and version 2's beside them for what nobody has taken) counts as version 1:
  /// that is where its limits are. \param root  where they are mounted
  static Hierarchies find(const std::string& root = "/sys/fs/cgroup");

  /// True for version 2.
  [[nodiscard]] bool unified() const noexcept { return unified_; }
  /// "memory", "pids", "cpu", "cpuacct", "io" (version 2), "blkio" (version 1), …
  [[nodiscard]] bool has(std::string_view controller) const;
  /// The controllers' names.
  [[nodiscard]] std::vector<std::string> controllers() const;
  /// The tree that has this controller. \throws std::runtime_error if there is none
  [[nodiscard]] const std::string& tree_of(std::string_view controller) const;
  /// Version 2's one tree.
  [[nodiscard]] const std::string& root() const noexcept { return root_; }

 private:
  std::string root_;
  bool unified_ = false;
  std::map<std::string, std::string, std::less<>> trees_;  ///< by controller
};

}  // namespace slipway
