#pragma once
/// \file
/// The conversation between the shim and the process that will be the container, while it is being set up: packets over a
/// SOCK_SEQPACKET pair, so that a message arrives whole or not at all, and the end of either side is seen at once.
///
///     shim                     child
///      ── "go" ───────────────▶         all parent steps are done
///      ◀─ report (no error) ──          all child steps are done; it waits before execve
///      ── "start" ────────────▶
///      ◀─ end of the channel ──         execve closed it: the program runs
///     At any point the child may send a report with an error, and end.
///     Before it is ready it may send "moved": it goes on as another process, whose pidfd comes along; that one waits for
///     a second "go".
///     The report "ready" brings the process's terminal along, if it has one.

#include <sys/types.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "01-cli-socket/trace.hpp"
#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// What the child tells the shim.
struct ChildReport {
  std::string error{};         ///< why it failed, with the step's name; empty for "ready"
  std::string advice{};        ///< and where, and what to try
  bool command_error = false;  ///< the command is at fault, not we (see CommandError)
  std::vector<TraceStep> steps{};
  pid_t moved_to = 0;  ///< not 0: this is "moved", the rest is to come
  std::vector<UniqueFd>
      descriptors{};  ///< what came along (unix(7), SCM_RIGHTS); for sending see below
};

/// One end of the channel; both are close-on-exec. Not thread-safe.
class SyncChannel {
 public:
  /// A connected pair: first for the shim, second for the child. \throws SysError
  static std::pair<SyncChannel, SyncChannel> make();

  /// \throws SysError (EPIPE: the other side is gone)
  void send_word(std::string_view word);
  /// \param descriptors  copies of these go along, at most kMostDescriptors
  void send_report(const ChildReport& report, std::initializer_list<int> descriptors = {});
  /// Waits for a word. \throws std::runtime_error if the other side is gone or says something else
  void expect_word(std::string_view word);
  /// Waits for a report; nothing if the other side closed (or ended) first. \throws SysError
  std::optional<ChildReport> receive_report();
  /// Readable when a report, or the end, is there.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  static constexpr std::size_t kMostDescriptors = 2;

 private:
  explicit SyncChannel(UniqueFd fd) : fd_(std::move(fd)) {}
  std::string receive(std::vector<UniqueFd>& descriptors);
  UniqueFd fd_;
};

}  // namespace slipway
