#include "hashed_file.hpp"

#include <fcntl.h>

#include "01-cli-socket/sys_error.hpp"
#include "05-layers-cache/base/write_at.hpp"

namespace slipway {
namespace {

constexpr std::size_t kPart = 256 * 1024;

}  // namespace

HashedFile::HashedFile(const std::string& path)
    : path_(path),
      fd_(check(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), "open",
                path)) {}

void HashedFile::write(std::span<const char> bytes) {
  gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
  if (gathered_.size() >= kPart) flush();
}

void HashedFile::flush() {
  write_at(fd_.get(), gathered_, hash_.bytes(), path_);
  hash_.update(gathered_);
  gathered_.clear();
}

WrittenFile HashedFile::finish() {
  flush();
  const std::uint64_t size = hash_.bytes();
  return {.digest = hash_.finish(), .size = size};
}

}  // namespace slipway
