#pragma once
/// \file
/// One container's cgroup, of either version.

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "01-cli-socket/unique_fd.hpp"
#include "figures.hpp"
#include "hierarchies.hpp"
#include "resources.hpp"

namespace slipway {

/// Holds no descriptor and no state but its path: any number of these may stand for the same cgroup, in any process.
/// All functions \throw SysError.
class Cgroup {
 public:
  virtual ~Cgroup() = default;

  /// Makes it, with its parents, and sets its limits. It may be there already.
  virtual void make(const Resources& resources) = 0;
  /// Changes limits: all of them, or none if the kernel refuses one.
  virtual void change(const Resources& resources) = 0;
  /// Version 2: for clone3(2) with CLONE_INTO_CGROUP; a process born in it has never been anywhere else. Version 1: none.
  [[nodiscard]] virtual UniqueFd birthplace() const = 0;
  /// Moves the calling process, which has one thread, into it.
  virtual void enter() const = 0;

  /// The host's folders that a process in it may look at, by where they belong below /sys/fs/cgroup; "" is that itself.
  [[nodiscard]] virtual std::map<std::string, std::string> views() const = 0;

  [[nodiscard]] virtual bool exists() const = 0;
  /// Everything in it and below it.
  [[nodiscard]] virtual std::vector<pid_t> processes() const = 0;
  /// Nothing in it runs when this returns.
  virtual void freeze() const = 0;
  virtual void thaw() const = 0;
  [[nodiscard]] virtual bool frozen() const = 0;
  /// SIGKILL for all that is in it, frozen or not, and for what they make meanwhile.
  virtual void kill() const = 0;
  /// Ends what is in it, and removes it with all below it. Nothing there is no error. False if something will not go.
  virtual bool remove() const noexcept = 0;

  [[nodiscard]] virtual Figures figures() const = 0;
  [[nodiscard]] virtual OomCount oom_count() const = 0;
  /// A descriptor that is readable when memory has run out; empty if the host has no memory controller. It is to be read
  /// before the next look.
  [[nodiscard]] virtual UniqueFd oom_alarm() const = 0;
};

/// \param path  "/slipway/ID", below each tree  \throws std::runtime_error for a path that leads up
std::unique_ptr<Cgroup> open_cgroup(const Hierarchies& hierarchies, const std::string& path);

/// Removes a parent that no container is in. False if it is in use.
bool remove_parent(const Hierarchies& hierarchies, const std::string& path) noexcept;

}  // namespace slipway
