#include "staging.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdlib>

#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "01-cli-socket/unique_fd.hpp"
#include "02-daemon/base/atomic_file.hpp"

namespace slipway {
namespace {

constexpr unsigned long long kReserve = 64ULL << 20;

}  // namespace

StagingFolder::StagingFolder(const std::string& staging) : path_(staging + "/XXXXXX") {
  if (!::mkdtemp(path_.data())) throw SysError(errno, "mkdtemp", path_);
}

StagingFolder::~StagingFolder() {
  try {
    remove_tree(path_);
  } catch (const std::exception& error) {  // it will go when the engine starts next
    log_line(LogLevel::warning, "staging: " + std::string(error.what()) + ", ignoring");
  }
}

std::string StagingFolder::make_folder(const std::string& name, unsigned mode) const {
  std::string path = path_ + "/" + name;
  check(::mkdir(path.c_str(), 0700), "mkdir", path);
  check(::chmod(path.c_str(), mode), "chmod", path);  // whatever our umask is
  return path;
}

void StagingFolder::sync() const {
  const UniqueFd fd(
      check(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open", path_));
  check(::syncfs(fd.get()), "syncfs", path_);
}

unsigned long long StagingFolder::room() const {
  struct statvfs info {};
  check(::statvfs(path_.c_str(), &info), "statvfs", path_);
  const unsigned long long free = static_cast<unsigned long long>(info.f_bavail) * info.f_frsize;
  return free > kReserve ? free - kReserve : 0;
}

}  // namespace slipway
