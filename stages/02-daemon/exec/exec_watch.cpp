#include "exec_watch.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <exception>
#include <vector>

#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"

namespace slipway {

ExecWatch::ExecWatch(std::function<void(const std::string& exec_id)> ended)
    : ended_(std::move(ended)), wake_(check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

void ExecWatch::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  ::eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

void ExecWatch::add(const std::string& exec_id, RawStream stream) {
  const std::scoped_lock lock(mutex_);
  if (stopping_) return;
  streams_.insert_or_assign(exec_id, std::move(stream));
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  ::eventfd_write(wake_.get(), 1);
}

void ExecWatch::run() {
  std::string exec_id;
  while (wait_for_one(exec_id)) {
    if (exec_id.empty()) continue;
    try {
      ended_(exec_id);
    } catch (const std::exception& error) {
      log_line(LogLevel::error, "exec " + exec_id + ": " + error.what());
    }
  }
}

/// \param exec_id  one that has ended; empty if there is none yet \returns false when it is time to stop
bool ExecWatch::wait_for_one(std::string& exec_id) {
  std::vector<pollfd> polled{{.fd = wake_.get(), .events = POLLIN, .revents = 0}};
  std::vector<std::string> ids{""};
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return false;
    for (const auto& [id, stream] : streams_) {
      polled.push_back({.fd = stream.fd(), .events = POLLIN, .revents = 0});
      ids.push_back(id);
    }
  }
  check(retry_on_signal([&] { return ::poll(polled.data(), polled.size(), -1); }), "poll");
  eventfd_t ignored = 0;
  ::eventfd_read(wake_.get(), &ignored);
  exec_id.clear();
  for (std::size_t i = 1; i < polled.size() && exec_id.empty(); ++i) {
    if (polled[i].revents != 0) exec_id = ids[i];
  }
  const std::scoped_lock lock(mutex_);
  streams_.erase(exec_id);
  return !stopping_;
}

}  // namespace slipway
