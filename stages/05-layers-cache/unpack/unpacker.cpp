#include "unpacker.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "01-cli-socket/raw_stream.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/atomic_file.hpp"
#include "02-daemon/base/spawn.hpp"
#include "unpack_program.hpp"

namespace slipway {
namespace {

constexpr std::size_t kPartSize = 256 * 1024;

UniqueFd open_file(const std::string& path, int flags) {
  return UniqueFd(check(::open(path.c_str(), flags | O_CLOEXEC, 0600), "open", path));
}

std::string report_path(const std::string& folder) { return folder + ".report"; }

/// A running slipway-unpack. Killed and reaped if its end is not waited for.
class UnpackChild {
 public:
  UnpackChild(const std::string& program, const std::string& mode, int input,
              const std::string& folder, const UnpackBudget& budget) {
    const UniqueFd folder_fd = open_file(folder, O_RDONLY | O_DIRECTORY);
    const UniqueFd report_fd = open_file(report_path(folder), O_RDWR | O_CREAT | O_TRUNC);
    SpawnRequest request{.program = program,
                         .args = budget.to_arguments(),
                         .descriptors = {{input, STDIN_FILENO},
                                         {folder_fd.get(), kUnpackFolderFd},
                                         {report_fd.get(), kUnpackReportFd}}};
    request.args.insert(request.args.begin(), mode);
    process_ = spawn(request);
  }
  ~UnpackChild() {
    if (!process_.pidfd) return;
    ::syscall(SYS_pidfd_send_signal, process_.pidfd.get(), SIGKILL, nullptr, 0);
    try {
      wait_for_exit(process_);
    } catch (const SysError&) {  // nobody is there to be reaped
    }
  }
  UnpackChild(const UnpackChild&) = delete;
  UnpackChild& operator=(const UnpackChild&) = delete;

  void wait() {
    const int code = wait_for_exit(process_);
    process_.pidfd.reset();
    if (code > 128) {
      throw std::runtime_error("slipway-unpack was ended by signal " + std::to_string(code - 128));
    }
  }

 private:
  SpawnedProcess process_;
};

/// Copies the stream into the child until either has enough.
void feed(RawStream& child, const BodySource& stream) {
  std::string part(kPartSize, '\0');
  for (;;) {
    const std::size_t count = stream(part);
    if (count == 0) break;
    try {
      child.write_all({part.data(), count});
    } catch (const SysError& error) {
      if (!error.is(EPIPE) && !error.is(ECONNRESET)) throw;
      return;  // it has ended; its report says why
    }
  }
  child.shutdown_write();
}

UnpackReport take_report(const std::string& folder) {
  const std::string path = report_path(folder);
  const std::string text = read_file(path).value_or("");
  check(::unlink(path.c_str()), "unlink", path);
  return read_report(text);
}

}  // namespace

UnpackReport Unpacker::archive(const BodySource& stream, const std::string& folder,
                               const UnpackBudget& budget) const {
  // A socket pair in place of a pipe: a child that ends early is an error of send(2), not a
  // SIGPIPE.
  std::array<int, 2> pair{};
  check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), "socketpair");
  RawStream ours{UniqueFd(pair[0]), {}};
  UniqueFd theirs(pair[1]);
  UnpackChild child(program_, "archive", theirs.get(), folder, budget);
  theirs.reset();
  feed(ours, stream);
  child.wait();
  return take_report(folder);
}

UnpackReport Unpacker::layer(const std::string& blob, const std::string& folder,
                             const UnpackBudget& budget) const {
  const UniqueFd input = open_file(blob, O_RDONLY);
  UnpackChild child(program_, "layer", input.get(), folder, budget);
  child.wait();
  return take_report(folder);
}

}  // namespace slipway
