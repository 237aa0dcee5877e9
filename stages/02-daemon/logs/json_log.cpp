#include "json_log.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"

namespace slipway {
namespace {

constexpr std::size_t kMaxLine = 16 * 1024;
/// Entries go out when there are so many bytes of them: the pages of a larger buffer would have to be made first.
constexpr std::size_t kBatch = 256 * 1024;
/// How much an unlimited log grows between two looks at the disk.
constexpr std::int64_t kLookEvery = 16 * 1024 * 1024;

/// Where to cut a line that is too long: at its limit, or before a UTF-8 sequence that reaches over it.
std::size_t cut_of(std::string_view text) {
  for (std::size_t back = 1; back <= 3; ++back) {
    const auto c = static_cast<unsigned char>(text[kMaxLine - back]);
    if ((c & 0xc0) == 0x80) continue;  // its lead stands further left
    const std::size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    return length > back ? kMaxLine - back : kMaxLine;
  }
  return kMaxLine;
}

std::int64_t size_of(int file) {
  struct stat info {};
  check(::fstat(file, &info), "fstat", "the log");
  return info.st_size;
}

/// True if the file ends within a line: a power cut or a full disk tore its last entry.
bool ends_torn(int file, std::int64_t size) {
  char last = '\n';
  return size > 0 && ::pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

}  // namespace

JsonLogWriter::JsonLogWriter(LogTarget target) : target_(std::move(target)) {
  if (target_.path.empty()) return;
  file_ = open_log_file(target_.path);
  size_ = size_of(file_.get());
  rotate_at_ = target_.max_size > 0 ? target_.max_size : size_ + kLookEvery;
  if (ends_torn(file_.get(), size_)) entries_ += '\n';  // or it would take our first entry with it
}

void JsonLogWriter::begin_entries(StdioStream stream, std::string_view time) {
  tail_ = stream == StdioStream::out ? R"(,"stream":"stdout",)" : R"(,"stream":"stderr",)";
  if (!target_.attributes.empty()) tail_.append(R"("attrs":)").append(target_.attributes) += ',';
  tail_.append(R"("time":")").append(time).append("\"}\n");
}

void JsonLogWriter::write(StdioStream stream, std::string_view bytes, std::string_view time) {
  if (!file_) return;
  if (error_ != 0) flush();  // there may be room again
  const bool was_refused = error_ != 0;
  begin_entries(stream, time);
  Partial& rest = partial(stream);
  if (rest.text.empty()) {
    rest.text = append_lines(bytes, 0);
  } else {
    rest.text.append(bytes);
    const std::string_view left = append_lines(rest.text, rest.searched);
    rest.text.erase(0, rest.text.size() - left.size());
  }
  rest.searched = rest.text.size();
  if (!flush() && !was_refused) fail();
}

/// Makes entries of the whole lines in `text`; returns what is left.
std::string_view JsonLogWriter::append_lines(std::string_view text, std::size_t searched) {
  for (;; searched = 0) {
    const std::size_t newline = text.substr(0, kMaxLine).find('\n', searched);
    const bool whole = newline != std::string_view::npos;
    if (!whole && text.size() < kMaxLine) return text;
    const std::size_t length = whole ? newline + 1 : cut_of(text);
    append_entry(text.substr(0, length));
    text.remove_prefix(length);
  }
}

void JsonLogWriter::append_entry(std::string_view line) {
  if (error_ != 0 && entries_.size() >= kMaxBacklog) {
    ++lost_lines_;
    lost_bytes_ += line.size();
    return;
  }
  entries_ += R"({"log":)";
  append_json_string(entries_, line);
  entries_ += tail_;
  const bool full = size_ + static_cast<std::int64_t>(entries_.size()) >= rotate_at_;
  if (error_ != 0 || (!full && entries_.size() < kBatch)) return;
  if (flush() && full) grown();
}

/// The file has reached the size at which it may be full.
void JsonLogWriter::grown() {
  const bool limited = target_.max_size > 0;
  const std::int64_t step = limited ? target_.max_size : kLookEvery;
  const bool full = limited || (size_ >= kScarceLogSize && is_disk_scarce(file_.get()));
  rotate_at_ = size_ + step;
  if (!full) return;
  try {
    file_ = rotate_log(target_.path, limited ? target_.max_files : 2);
    size_ = 0;
    rotate_at_ = step;
    ++rotations_;
  } catch (const SysError& error) {  // the old file goes on for another step
    log_line(LogLevel::error, std::string("rotating the log: ") + error.what());
  }
}

/// At the place where they are missing.
void JsonLogWriter::report_dropped() {
  std::string tail = tail_;  // of the write that we are in the middle of
  begin_entries(StdioStream::err, rfc3339_now());
  const std::string text = "[slipway: " + std::to_string(lost_lines_) + " lines (" +
                           std::to_string(lost_bytes_) +
                           " bytes) of output are missing here: the disk was full]\n";
  lost_lines_ = lost_bytes_ = 0;
  append_entry(text);
  tail_ = std::move(tail);
}

/// Writes the entries to the file. False if it refuses: what it did not take stays.
bool JsonLogWriter::flush() {
  std::size_t done = 0;
  while (done < entries_.size()) {
    const ssize_t count = retry_on_signal(
        [&] { return ::write(file_.get(), entries_.data() + done, entries_.size() - done); });
    error_ = count < 0 ? errno : 0;
    if (count < 0) break;
    done += static_cast<std::size_t>(count);
  }
  size_ += static_cast<std::int64_t>(done);
  entries_.erase(0, done);
  if (!entries_.empty()) return false;
  if (lost_lines_ == 0) return true;
  report_dropped();
  return flush();
}

void JsonLogWriter::fail() { throw SysError(error_, "write", target_.path); }

void JsonLogWriter::finish(std::string_view time, bool sync) {
  if (!file_) return;
  for (const StdioStream stream : {StdioStream::out, StdioStream::err}) {
    begin_entries(stream, time);
    const std::string rest = std::exchange(partial(stream), {}).text;
    if (!rest.empty()) append_entry(rest);
  }
  if (!flush()) fail();
  if (!sync) return;
  check(::fdatasync(file_.get()), "fdatasync", target_.path);
  const int kept = target_.max_size > 0 ? target_.max_files - 1 : 1;
  if (rotations_ > 0) sync_rotated_logs(target_.path, std::min(rotations_, kept));
}

}  // namespace slipway
