#include "sync_channel.hpp"

#include <string.h>
#include <sys/socket.h>

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// Room for the descriptors of one packet, aligned as cmsg(3) wants it.
struct Ancillary {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(SyncChannel::kMostDescriptors * sizeof(int))> bytes;
};

void take_descriptors(msghdr& head, std::vector<UniqueFd>& descriptors) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&head); part != nullptr; part = CMSG_NXTHDR(&head, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      ::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      descriptors.emplace_back(fd);
    }
  }
}

}  // namespace

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

void SyncChannel::send_report(const ChildReport& report, std::initializer_list<int> descriptors) {
  const json message{{"Error", report.error},
                     {"Advice", report.advice},
                     {"CommandError", report.command_error},
                     {"MovedTo", report.moved_to},
                     {"Steps", steps_to_text(report.steps)}};
  std::string text = message.dump(-1, ' ', false, json::error_handler_t::replace);
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  Ancillary ancillary{};
  msghdr head{};
  head.msg_iov = &part;
  head.msg_iovlen = 1;
  if (descriptors.size() > 0) {
    head.msg_control = ancillary.bytes.data();
    head.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    cmsghdr* rights = CMSG_FIRSTHDR(&head);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    ::memcpy(CMSG_DATA(rights), descriptors.begin(), descriptors.size() * sizeof(int));
  }
  const ssize_t sent = retry_on_signal([&] { return ::sendmsg(fd_.get(), &head, MSG_NOSIGNAL); });
  check(sent, "sendmsg", "sync channel");
}

std::string SyncChannel::receive(std::vector<UniqueFd>& descriptors) {
  // The length first (MSG_TRUNC gives the real one), so that no packet is ever cut.
  const ssize_t size =
      retry_on_signal([&] { return ::recv(fd_.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC); });
  std::string packet(static_cast<std::size_t>(check(size, "recv", "sync channel")), '\0');
  if (packet.empty()) return packet;
  iovec part{.iov_base = packet.data(), .iov_len = packet.size()};
  Ancillary ancillary{};
  msghdr head{};
  head.msg_iov = &part;
  head.msg_iovlen = 1;
  head.msg_control = ancillary.bytes.data();
  head.msg_controllen = ancillary.bytes.size();
  const ssize_t count =
      retry_on_signal([&] { return ::recvmsg(fd_.get(), &head, MSG_CMSG_CLOEXEC); });
  check(count, "recvmsg", "sync channel");
  take_descriptors(head, descriptors);
  return packet;
}

void SyncChannel::expect_word(std::string_view word) {
  std::vector<UniqueFd> unwanted;
  const std::string got = receive(unwanted);
  if (got == word) return;
  throw std::runtime_error("sync channel: expected '" + std::string(word) + "', got " +
                           (got.empty() ? "its end" : "'" + got + "'"));
}

std::optional<ChildReport> SyncChannel::receive_report() {
  std::vector<UniqueFd> descriptors;
  const std::string packet = receive(descriptors);
  if (packet.empty()) return std::nullopt;
  const json message = json::parse(packet);
  return ChildReport{.error = message.at("Error"),
                     .advice = message.at("Advice"),
                     .command_error = message.at("CommandError"),
                     .steps = steps_from_text(message.at("Steps").get<std::string>()),
                     .moved_to = message.at("MovedTo"),
                     .descriptors = std::move(descriptors)};
}

}  // namespace slipway
