#pragma once
/// \file
/// The third extension point: starting a container is running a list of named steps; undoing it is the list
/// backwards. A stage adds its steps; the shim's main lists them.
///
///     shim (parent)                                   child (will be the container's first process)
///     prepare of every step, in order
///     clone3(flags that the steps asked for) ───────▶ waits for "go"
///     parent of every step, in order
///     "go" ─────────────────────────────────────────▶ child of every step, in order
///     ◀─────────────────────────── "ready" + its trace steps, or the error of the step that failed
///     (the container is "created"; the shim serves its socket)
///     "start" ──────────────────────────────────────▶ execve
///     ◀──────────── end of the channel: it runs; or the error of execve
///     … the process ends …
///     undo of every step, backwards

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "01-cli-socket/trace.hpp"
#include "01-cli-socket/unique_fd.hpp"
#include "02-daemon/base/terminal.hpp"

namespace slipway {

/// A launch that failed because the command cannot be run (not found, not executable, a bad user or folder):
/// the client's mistake, a 400. Every other exception in a step is ours, a 500.
class CommandError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What steps have seen of the process that nobody else can tell: the shim keeps it with the exit code.
struct Observations {
  int oom_kills = 0;  ///< how many of its processes the kernel has killed because memory ran out
  std::string
      reason;  ///< one line for a person: why it ended, or what befell it; empty: nothing to say
};

/// What the steps of one launch share. Lives in the shim; after clone3 the child has its own copy.
/// The shim has one thread, so its child may allocate and throw until it calls execve.
struct LaunchContext {
  const nlohmann::json& spec;  ///< the OCI config.json; steps read nothing else
  std::string bundle;          ///< the folder that holds config.json
  std::string id;              ///< the container's id
  Trace& trace;                ///< always on: a start that fails must be able to say where

  std::uint64_t clone_flags = 0;  ///< prepare: steps OR in their CLONE_NEW… flags …
  std::string clone_names{};      ///< … and say how these are called: "|CLONE_NEWNS" …
  std::string clone_by_hand{};    ///< … and the shell command that makes such a process
  int cgroup_fd = -1;             ///< prepare: descriptor for CLONE_INTO_CGROUP, or -1
  /// The child's ends of stdin, stdout and stderr; the launcher dups them to 0, 1, 2 before any child step.
  std::array<UniqueFd, 3> stdio{};

  pid_t pid = -1;    ///< parent: the child's pid as this namespace sees it
  UniqueFd pidfd{};  ///< parent: the same process, immune to pid reuse

  /// What will run; steps may change them in `child`. The first process's args, env and working directory.
  std::vector<std::string> args{};
  std::vector<std::string> env{};
  std::string program{};  ///< child: the resolved path that execve gets; set by the step "program"

  /// The process's terminal if it wants one. child: made by the step "terminal"; from then on the shim's, which has it in
  /// its own context once the launch is "created".
  Terminal terminal{};

  /// For a process that joins a container (exec): the pidfd of the container's first process; -1 otherwise.
  int container_pidfd = -1;
  pid_t container_pid = 0;  ///< the same process, for people
  /// child: goes on as a new process in the pid namespace that setns(2) chose, still the shim's child; of our descriptors
  /// it has 0, 1, 2 and its line to the shim. The old one ends. Set by the launcher. \throws SysError
  std::function<void()> go_on_as_new_process{};

  Observations observed{};  ///< shim: steps write it
  /// shim, while it runs: calls the handler whenever the descriptor is readable, until `unwatch`. Set for the container's
  /// first process only; else empty.
  std::function<void(int fd, std::function<void()> handler)> watch{};
  std::function<void(int fd)> unwatch{};
  /// shim: `observed` has changed, and somebody may want to know before the process ends.
  std::function<void()> tell{};

  std::string_view stage{};  ///< set by the launcher: the stage of the step that runs
  std::string_view step{};   ///< set by the launcher: its name

  /// Records one call of the running step, and how it is done by hand (text, or a function that makes it):
  /// `auto call = context.call("sethostname", name, [&] { return "hostname " + name; });`
  template <class ByHand = std::string_view>
  [[nodiscard]] Trace::Scope call(std::string_view name, std::string_view arguments,
                                  const ByHand& by_hand = {}) {
    return trace.begin(stage, step, name, arguments, by_hand);
  }
};

/// One step. Made once per launch, in the shim. Not thread-safe (there is one thread).
/// Failure is an exception; the launcher adds the step's name: "step 'rootfs': mount overlay on /: Invalid argument".
class LaunchStep {
 public:
  virtual ~LaunchStep() = default;
  /// "rootfs"; a noun that the lesson uses.
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// "03"
  [[nodiscard]] virtual std::string_view stage() const = 0;
  /// In the shim, before the child exists: read and check the spec, open descriptors, ask for clone flags.
  virtual void prepare(LaunchContext&) {}
  /// In the shim, while the child waits.
  virtual void parent(LaunchContext&) {}
  /// In the child, before execve.
  virtual void child(LaunchContext&) {}
  /// In the shim, after the process ended or the launch failed; only for steps whose `prepare` was called.
  /// Must work when the others did not.
  virtual void undo(LaunchContext&) noexcept {}
  /// What to try when this step has failed so; empty: whatever such an error means in general.
  [[nodiscard]] virtual std::string advice(const std::exception& /*error*/) const { return {}; }
};

using LaunchSteps = std::vector<std::unique_ptr<LaunchStep>>;

}  // namespace slipway
