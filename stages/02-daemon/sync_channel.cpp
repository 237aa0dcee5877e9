#include "sync_channel.hpp"

#include <sys/socket.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {

using nlohmann::json;

std::pair<SyncChannel, SyncChannel> SyncChannel::make() {
  int ends[2];
  check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "socketpair");
  return {SyncChannel(UniqueFd(ends[0])), SyncChannel(UniqueFd(ends[1]))};
}

void SyncChannel::send_word(std::string_view word) {
  const ssize_t sent =
      retry_on_signal([&] { return ::send(fd_.get(), word.data(), word.size(), MSG_NOSIGNAL); });
  check(sent, "send", "sync channel");
}

void SyncChannel::send_report(const ChildReport& report) {
  const json message{{"Error", report.error},
                     {"CommandError", report.command_error},
                     {"Steps", steps_to_text(report.steps)}};
  send_word(message.dump(-1, ' ', false, json::error_handler_t::replace));
}

std::string SyncChannel::receive() {
  // The length first (MSG_TRUNC gives the real one), so that no packet is ever cut.
  const ssize_t size =
      retry_on_signal([&] { return ::recv(fd_.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC); });
  std::string packet(static_cast<std::size_t>(check(size, "recv", "sync channel")), '\0');
  if (packet.empty()) return packet;
  const ssize_t count =
      retry_on_signal([&] { return ::recv(fd_.get(), packet.data(), packet.size(), 0); });
  check(count, "recv", "sync channel");
  return packet;
}

void SyncChannel::expect_word(std::string_view word) {
  const std::string got = receive();
  if (got == word) return;
  throw std::runtime_error("sync channel: expected '" + std::string(word) + "', got " +
                           (got.empty() ? "its end" : "'" + got + "'"));
}

std::optional<ChildReport> SyncChannel::receive_report() {
  const std::string packet = receive();
  if (packet.empty()) return std::nullopt;
  const json message = json::parse(packet);
  return ChildReport{.error = message.at("Error"),
                     .command_error = message.at("CommandError"),
                     .steps = steps_from_text(message.at("Steps").get<std::string>())};
}

}  // namespace slipway
