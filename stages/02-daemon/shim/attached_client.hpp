#pragma once
/// \file
/// One client attached to a process, inside the shim: output goes to it, in docker's frames or bare; its bytes go to
/// stdin.

#include <functional>
#include <string>
#include <string_view>

#include "01-cli-socket/raw_stream.hpp"
#include "02-daemon/base/detach_filter.hpp"
#include "02-daemon/base/stdio_mux.hpp"
#include "event_loop.hpp"
#include "spool_queue.hpp"
#include "stdin_feeder.hpp"

namespace slipway {

/// What a client asked for.
struct AttachOptions {
  bool in = false;
  bool out = false;
  bool err = false;
  bool closes_stdin = false;  ///< its end of input ends the process's stdin (StdinOnce)
  bool framed = true;         ///< false: bytes as they are, as for a terminal
  std::string detach_keys{};  ///< as bytes; when they come in, this client is done. Empty: none
};

/// Not thread-safe. Owned by the shim, which drops it when `gone()`.
class AttachedClient {
 public:
  /// \param spool_folder  where output waits on disk for a client that is slow
  AttachedClient(EventLoop& loop, RawStream stream, AttachOptions options, StdinFeeder& feeder,
                 std::string spool_folder);
  ~AttachedClient();
  AttachedClient(const AttachedClient&) = delete;
  AttachedClient& operator=(const AttachedClient&) = delete;

  /// Queues output of the container, if this client wants that stream.
  void output(StdioStream stream, std::string_view bytes);
  /// No more output will come: the client gets what waits, and then the end.
  void finish();
  /// Reads again after the feeder was full.
  void resume();
  [[nodiscard]] bool gone() const noexcept { return gone_; }

 private:
  void on_events(std::uint32_t events);
  void read_input();
  void take_input(std::string_view bytes);
  void input_ended();
  void flush() noexcept;
  void update_interest();
  void leave() noexcept;

  EventLoop& loop_;
  RawStream stream_;
  AttachOptions options_;
  StdinFeeder& feeder_;
  SpoolQueue queue_;
  DetachFilter detach_;
  bool reading_;
  bool finishing_ = false;
  bool gone_ = false;
};

}  // namespace slipway
