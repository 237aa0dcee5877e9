#include "spool_queue.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {
namespace {

constexpr std::size_t kMemoryBytes = 256 * 1024;

}  // namespace

void SpoolQueue::push(std::string_view bytes) {
  const bool fits = begin_ == end_ && memory_.size() - sent_ + bytes.size() <= kMemoryBytes;
  if (!fits) return spill(bytes);
  memory_.erase(0, std::exchange(sent_, 0));
  memory_.append(bytes);
}

void SpoolQueue::spill(std::string_view bytes) {
  if (!file_) {
    file_.reset(check(::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600),
                      "open O_TMPFILE in", folder_));
  }
  while (!bytes.empty()) {
    const ssize_t count =
        retry_on_signal([&] { return ::pwrite(file_.get(), bytes.data(), bytes.size(), end_); });
    bytes.remove_prefix(static_cast<std::size_t>(check(count, "pwrite", "output spool")));
    end_ += count;
  }
}

void SpoolQueue::refill() {
  if (sent_ < memory_.size() || begin_ == end_) return;
  sent_ = 0;
  memory_.resize(std::min<std::size_t>(kMemoryBytes, static_cast<std::size_t>(end_ - begin_)));
  const ssize_t count =
      retry_on_signal([&] { return ::pread(file_.get(), memory_.data(), memory_.size(), begin_); });
  memory_.resize(static_cast<std::size_t>(check(count, "pread", "output spool")));
  begin_ += count;
  give_space_back();
}

/// What was read takes no room: a client that is always a little late would fill the disk otherwise.
void SpoolQueue::give_space_back() {
  if (begin_ == end_) {
    file_.reset();
    begin_ = end_ = 0;
  } else {  // where the file system knows no holes, at the end of the file only
    ::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, begin_);
  }
}

void SpoolQueue::flush_to(int socket) {
  for (refill(); sent_ < memory_.size(); refill()) {
    const ssize_t count = retry_on_signal([&] {
      return ::send(socket, memory_.data() + sent_, memory_.size() - sent_,
                    MSG_NOSIGNAL | MSG_DONTWAIT);
    });
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    sent_ += static_cast<std::size_t>(check(count, "send", "attached client"));
  }
  memory_.clear();
  sent_ = 0;
}

}  // namespace slipway
