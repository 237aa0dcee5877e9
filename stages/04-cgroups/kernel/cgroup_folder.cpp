#include "cgroup_folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "01-cli-socket/sys_error.hpp"
#include "settings.hpp"

namespace slipway {

namespace fs = std::filesystem;

namespace {

constexpr int kTries = 10;

bool try_make(const std::string& folder) {
  return ::mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST;
}

/// Folders in it; files are the kernel's and go with it.
std::vector<std::string> folders_in(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code gone;
  for (fs::directory_iterator it(folder, gone), end; !gone && it != end; it.increment(gone)) {
    if (it->is_directory(gone)) found.push_back(it->path());
  }
  return found;
}

}  // namespace

void make_cgroup_folder(const std::string& tree, const std::string& path) {
  for (int tries = 0;; ++tries) {
    if (try_make(tree + path)) return;
    if (errno != ENOENT || tries == kTries) throw SysError(errno, "mkdir", tree + path);
    for (std::size_t end = path.find('/', 1); end != path.npos; end = path.find('/', end + 1)) {
      const std::string parent = tree + path.substr(0, end);
      if (!try_make(parent) && errno != ENOENT) throw SysError(errno, "mkdir", parent);
    }
  }
}

bool remove_cgroup_folder(const std::string& folder) noexcept {
  if (::rmdir(folder.c_str()) == 0 || errno == ENOENT) return true;
  try {
    for (const std::string& inner : folders_in(folder)) {
      if (!remove_cgroup_folder(inner)) return false;
    }
  } catch (const std::exception&) {
    return false;
  }
  return ::rmdir(folder.c_str()) == 0 || errno == ENOENT;
}

std::vector<pid_t> pids_in(const std::string& file) {
  std::istringstream lines(read_setting(file));
  std::vector<pid_t> pids;
  for (pid_t pid = 0; lines >> pid;) pids.push_back(pid);
  return pids;
}

std::vector<pid_t> pids_below(const std::string& folder, const char* file) {
  std::vector<pid_t> pids = pids_in(folder + "/" + file);
  for (const std::string& inner : folders_in(folder)) {
    for (const pid_t pid : pids_below(inner, file)) pids.push_back(pid);
  }
  return pids;
}

}  // namespace slipway
