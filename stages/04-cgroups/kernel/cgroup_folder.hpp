#pragma once
/// \file
/// A cgroup is a folder: mkdir(2) makes one, rmdir(2) removes one that is empty.

#include <sys/types.h>

#include <string>
#include <vector>

namespace slipway {

/// Makes the folder below `tree`, with its parents. A parent that somebody removes meanwhile is made again.
/// \throws SysError
void make_cgroup_folder(const std::string& tree, const std::string& path);
/// Removes it and all below it. Nothing there is no error. False if a process is in one of them.
bool remove_cgroup_folder(const std::string& folder) noexcept;
/// The numbers in a file such as cgroup.procs; none if it is gone.
std::vector<pid_t> pids_in(const std::string& file);
/// Those in `file` of the folder and of all below it.
std::vector<pid_t> pids_below(const std::string& folder, const char* file);

}  // namespace slipway
