#include "sealed_program.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {
namespace {

constexpr unsigned kExecutable = 0x10;  // MFD_EXEC, Linux 6.3

/// \param name  what /proc shows
UniqueFd make_memory_file(const std::string& name) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  UniqueFd file(::memfd_create(name.c_str(), flags | kExecutable));
  if (!file && errno == EINVAL) file.reset(::memfd_create(name.c_str(), flags));  // before 6.3
  check(file.get(), "memfd_create", name);
  return file;
}

void copy_all(const UniqueFd& from, const UniqueFd& to, const std::string& path) {
  struct stat about {};
  check(::fstat(from.get(), &about), "fstat", path);
  for (off_t left = about.st_size; left > 0;) {
    const ssize_t count = retry_on_signal(
        [&] { return ::sendfile(to.get(), from.get(), nullptr, static_cast<std::size_t>(left)); });
    if (check(count, "sendfile", path) == 0) throw SysError(EIO, "sendfile", path);
    left -= count;
  }
}

}  // namespace

void seal(const UniqueFd& file) {
  constexpr int kTries = 100;
  const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  for (int attempt = 1; ::fcntl(file.get(), F_ADD_SEALS, seals) < 0; ++attempt) {
    if (errno != EBUSY || attempt == kTries) throw SysError(errno, "fcntl", "F_ADD_SEALS");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

SealedProgram::SealedProgram(const std::string& path) {
  const UniqueFd source(check(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open", path));
  const UniqueFd copy = make_memory_file(path.substr(path.rfind('/') + 1));
  copy_all(source, copy, path);
  check(::fchmod(copy.get(), 0500), "fchmod", path);
  seal(copy);
  // A file that is open for writing is not executed (ETXTBSY), sealed or not.
  const std::string again = "/proc/self/fd/" + std::to_string(copy.get());
  file_.reset(check(::open(again.c_str(), O_RDONLY | O_CLOEXEC), "open", again));
}

/// By our pid, not "self": a child has closed its copy of the descriptor by the time that it executes this.
std::string SealedProgram::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file_.get());
}

}  // namespace slipway
