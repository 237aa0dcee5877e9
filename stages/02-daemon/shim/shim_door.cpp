#include "shim_door.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <utility>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "01-cli-socket/unix_socket.hpp"

namespace slipway {
namespace {

UniqueFd spare_descriptor() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

void send_now(const UniqueFd& connection, const std::string& bytes) {
  ::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

void ShimReply::send(HttpResponse response) {
  response.headers.set("Connection", "close");
  send_now(connection_, serialize(response));
  connection_.reset();
}

RawStream ShimReply::upgrade(std::string_view content_type, const HttpHeaders& more) {
  HttpHeaders headers{
      {"Content-Type", std::string(content_type)}, {"Connection", "Upgrade"}, {"Upgrade", "tcp"}};
  for (const auto& [name, value] : more) headers.add(name, value);
  send_now(connection_, serialize({.status = 101, .headers = headers}));
  return {std::move(connection_), std::move(rest_)};
}

ShimDoor::ShimDoor(EventLoop& loop, const std::string& path, Handler handler)
    : loop_(loop),
      listener_(listen_unix(path, 0600)),
      handler_(std::move(handler)),
      spare_(spare_descriptor()) {}

void ShimDoor::open() {
  loop_.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept_connection(); });
}

void ShimDoor::take_descriptor_back() { spare_ = spare_descriptor(); }

void ShimDoor::accept_connection() {
  UniqueFd fd;
  try {
    fd = accept_unix(listener_.get());
  } catch (const SysError&) {
    return turn_away();
  }
  const int number = fd.get();
  connections_.emplace(number, Connection{std::move(fd), HttpRequestParser()});
  loop_.watch(number, EPOLLIN, [this, number](std::uint32_t) { read_request(number); });
}

/// Out of descriptors: the next in the queue is taken off it and sees its connection closed. A crowd at the door must
/// not be the end of the container.
void ShimDoor::turn_away() {
  if (!std::exchange(spare_, UniqueFd())) return;
  const UniqueFd away(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  spare_ = spare_descriptor();
}

void ShimDoor::read_request(int fd) {
  std::array<char, 16384> buffer;
  const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const auto found = connections_.find(fd);
  std::optional<HttpRequest> request;
  std::string refusal;
  try {
    if (count > 0) {
      request = found->second.parser.feed({buffer.data(), static_cast<std::size_t>(count)});
    }
  } catch (const ApiError& error) {
    refusal = serialize(error_response(error.status(), error.what()));
  }
  if (count > 0 && !request && refusal.empty()) return;  // not whole yet
  loop_.forget(fd);
  Connection connection = std::move(found->second);
  connections_.erase(found);
  if (request) return answer(std::move(connection), *request);
  send_now(connection.fd, refusal);
}

void ShimDoor::answer(Connection connection, const HttpRequest& request) {
  ShimReply reply(std::move(connection.fd), connection.parser.take_rest());
  try {
    handler_(request, reply);
  } catch (const ApiError& error) {
    reply.send(error_response(error.status(), error.what()));
  } catch (const std::exception& error) {  // a request must not be the end of the container
    reply.send(error_response(500, error.what()));
  }
}

}  // namespace slipway
