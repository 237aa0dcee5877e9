#include "log_reader.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "01-cli-socket/sys_error.hpp"
#include "log_files.hpp"

namespace slipway {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
/// An entry's end says whether it ends a line; with its time and stream that is so far from its own end, at most.
constexpr off_t kEntryEnd = 256;

off_t size_of(int file) {
  struct stat info {};
  check(::fstat(file, &info), "fstat", "the log");
  return info.st_size;
}

/// Walks backwards over the ends of a file's lines. \param stop  gets the bytes before the line feed and the offset behind
/// it; true ends the walk  \returns if it was ended
bool walk_back(int file, const std::function<bool(std::string_view, off_t)>& stop) {
  std::string block;
  for (off_t end = size_of(file); end > 0;) {
    const off_t from = std::max<off_t>(0, end - static_cast<off_t>(kReadBytes));
    const off_t base =
        std::max<off_t>(0, from - kEntryEnd);  // the first line feed's entry begins earlier
    block.resize(static_cast<std::size_t>(end - base));
    const ssize_t count =
        check(::pread(file, block.data(), block.size(), base), "pread", "the log");
    const std::string_view text =
        std::string_view(block).substr(0, static_cast<std::size_t>(count));
    for (std::size_t i = text.size(); i-- > static_cast<std::size_t>(from - base);) {
      if (text[i] == '\n' && stop(text.substr(0, i), base + static_cast<off_t>(i) + 1)) return true;
    }
    end = from;
  }
  return false;
}

}  // namespace

bool LogReader::open() {
  if (files_.empty()) files_ = open_log_files(path_);
  return !files_.empty();
}

/// At the end of a file: on to the next, if there is one.
bool LogReader::next_file() {
  const int current = files_.front().get();
  if (files_.size() > 1) {
    files_.pop_front();
    text_.clear();  // the rest of a torn entry
    searched_ = 0;
    return true;
  }
  if (::lseek(current, 0, SEEK_CUR) > size_of(current)) {  // somebody has emptied it
    check(::lseek(current, 0, SEEK_SET), "lseek", path_);
    return true;
  }
  auto newer = open_newer_log_files(path_, current);
  for (UniqueFd& file : newer) files_.push_back(std::move(file));
  return files_.size() >
         1;  // the current one is read once more: it may have grown before it was full
}

bool LogReader::read_more() {
  searched_ = text_.size() - at_;
  text_.erase(0, std::exchange(at_, 0));
  while (open()) {
    const std::size_t old = text_.size();
    text_.resize(old + kReadBytes);
    const ssize_t count = retry_on_signal(
        [&] { return ::read(files_.front().get(), text_.data() + old, kReadBytes); });
    text_.resize(old + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (check(count, "read", path_) > 0) return true;
    if (!next_file()) return false;
  }
  return false;
}

std::optional<LogEntry> LogReader::next() {
  for (;;) {
    const std::size_t end = text_.find('\n', searched_);
    if (end == std::string::npos) {
      if (!read_more()) return std::nullopt;
      continue;
    }
    const std::string_view line = std::string_view(text_).substr(at_, end - at_);
    searched_ = at_ = end + 1;
    if (auto entry = parse_log_entry(line)) return entry;
  }
}

void LogReader::start_at(std::size_t file, off_t offset) {
  files_.erase(files_.begin(), files_.begin() + static_cast<std::ptrdiff_t>(file));
  check(::lseek(files_.front().get(), offset, SEEK_SET), "lseek", path_);
}

void LogReader::seek_last(std::size_t count) {
  if (!open()) return;
  std::size_t lines = 0;
  bool last = true;  // the very last entry ends a line, whatever it ends in
  for (std::size_t file = files_.size(); file-- > 0;) {
    const bool found = walk_back(files_[file].get(), [&](std::string_view entry, off_t behind) {
      if (!std::exchange(last, false) && !ends_output_line(entry.substr(entry.rfind('\n') + 1)))
        return false;
      if (lines++ < count) return false;
      start_at(file, behind);
      return true;
    });
    if (found) return;
  }
}

}  // namespace slipway
