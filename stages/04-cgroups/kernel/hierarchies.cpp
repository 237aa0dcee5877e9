#include "hierarchies.hpp"

#include <unistd.h>

#include <sstream>
#include <stdexcept>

#include "02-daemon/base/atomic_file.hpp"

namespace slipway {
namespace {

/// Version 1's controllers that Slipway knows. Where two share a tree ("cpu,cpuacct"), each has a link with its own name.
constexpr const char* kVersion1[] = {"memory",  "cpu",     "cpuacct", "cpuset", "pids",
                                     "devices", "freezer", "blkio",   "hugetlb"};

}  // namespace

Hierarchies Hierarchies::find(const std::string& root) {
  Hierarchies found;
  found.root_ = root;
  // Only a version 2 tree has this file, and its root has it, too.
  if (const auto listed = read_file(root + "/cgroup.controllers")) {
    found.unified_ = true;
    std::istringstream words(*listed);
    for (std::string word; words >> word;) found.trees_[word] = root;
    return found;
  }
  for (const std::string name : kVersion1) {
    const std::string tree = root + "/" + name;
    if (::access((tree + "/tasks").c_str(), F_OK) == 0) found.trees_[name] = tree;
  }
  return found;
}

bool Hierarchies::has(std::string_view controller) const {
  return trees_.find(controller) != trees_.end();
}

std::vector<std::string> Hierarchies::controllers() const {
  std::vector<std::string> names;
  for (const auto& [name, tree] : trees_) names.push_back(name);
  return names;
}

const std::string& Hierarchies::tree_of(std::string_view controller) const {
  const auto found = trees_.find(controller);
  if (found != trees_.end()) return found->second;
  throw std::runtime_error("this host has no cgroup controller \"" + std::string(controller) +
                           "\"");
}

}  // namespace slipway
