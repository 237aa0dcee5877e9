#pragma once
/// \file
/// "Nothing is left": what stands on the machine before a test and after it.
///
/// Looked at: the mount table, cgroup folders and nft tables named for Slipway, our descendants and
/// every process that names our folders, their network namespaces, network links, our folders in
/// /tmp, and what live engines hold (engine.hpp).
///
/// The test program is a "child subreaper" (prctl(2)): shims and containers whose parent has died
/// become its children, not init's. So "our descendants" is exact, however the programs detach
/// themselves.

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace slipway::test {

/// Kind of thing ("mount", "process", …) → descriptions of what is there.
using MachineState = std::map<std::string, std::set<std::string>>;

/// Makes this process the parent of orphans. Once, at the start.
void adopt_orphans();
/// What is there now.
MachineState machine_state();
/// What is there now and was not there `before`, after waiting up to `patience` for it to go.
std::vector<std::string> left_since(const MachineState& before,
                                    std::chrono::milliseconds patience = std::chrono::seconds(3));
/// Ends our left processes and undoes our left mounts, so that the next test starts clean.
void clean_up(const MachineState& before);

}  // namespace slipway::test
