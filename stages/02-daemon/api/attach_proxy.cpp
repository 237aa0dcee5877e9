#include "attach_proxy.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <thread>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {
namespace {

/// The client's input, on a thread of its own: a container that does not read it must not hold back its output.
void copy_input(RawStream& client, RawStream& shim) noexcept {
  try {
    copy_stream(client, shim);
  } catch (const SysError&) {  // one side is gone; the other direction notices too
  }
}

/// Waits until the shim has something to say. False if the client is gone.
bool wait_for_output(const RawStream& client, const RawStream& shim) {
  std::array<pollfd, 2> polled{{{.fd = shim.fd(), .events = POLLIN, .revents = 0},
                                {.fd = client.fd(), .events = 0, .revents = 0}}};
  check(retry_on_signal([&] { return ::poll(polled.data(), polled.size(), -1); }), "poll",
        "attached client");
  return polled[1].revents == 0;
}

bool copy_output(RawStream& shim, RawStream& client) {
  client.write_all(shim.take_early());  // poll(2) does not know of what came with the shim's 101
  std::array<char, 65536> buffer;
  while (wait_for_output(client, shim)) {
    const std::size_t count = shim.read_some(buffer);
    if (count == 0) {
      client.shutdown_write();
      return true;
    }
    client.write_all({buffer.data(), count});
  }
  return false;
}

}  // namespace

bool proxy_attach(RawStream& client, RawStream& shim) {
  std::thread input([&] { copy_input(client, shim); });
  bool shim_ended = false;
  try {
    shim_ended = copy_output(shim, client);
  } catch (const SysError&) {  // one side is gone
  }
  // Wakes the other thread wherever it waits: nothing more can come of its work.
  ::shutdown(client.fd(), SHUT_RD);
  ::shutdown(shim.fd(), SHUT_RDWR);
  input.join();
  return shim_ended;
}

}  // namespace slipway
