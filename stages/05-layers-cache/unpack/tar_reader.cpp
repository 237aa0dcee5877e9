#include "tar_reader.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <stdexcept>

#include "05-layers-cache/base/refused.hpp"

namespace slipway {
namespace {

constexpr std::size_t kReadSize = 256 * 1024;

struct FreeArchive {
  void operator()(archive* reader) const noexcept { ::archive_read_free(reader); }
};
using Archive = std::unique_ptr<archive, FreeArchive>;

Archive new_archive() {
  Archive reader(::archive_read_new());
  if (!reader) throw std::bad_alloc();
  return reader;
}

std::string error_of(archive* reader) {
  const char* text = ::archive_error_string(reader);
  return text ? text : "unknown error";
}

/// Undoes compression only: one nameless entry, whose content is the uncompressed stream.
Archive open_filters(int fd) {
  Archive reader = new_archive();
  archive* raw = reader.get();
  ::archive_read_support_filter_gzip(raw);
  ::archive_read_support_filter_bzip2(raw);
  ::archive_read_support_filter_xz(raw);
  ::archive_read_support_filter_zstd(raw);
  ::archive_read_support_format_raw(raw);
  ::archive_read_support_format_empty(raw);
  if (::archive_read_open_fd(raw, fd, kReadSize) != ARCHIVE_OK) {
    throw Refused("damaged archive: " + error_of(raw));
  }
  return reader;
}

EntryType type_of(archive_entry* entry) {
  if (::archive_entry_hardlink(entry)) return EntryType::hard_link;
  switch (::archive_entry_filetype(entry)) {
    case AE_IFREG:
      return EntryType::file;
    case AE_IFDIR:
      return EntryType::folder;
    case AE_IFLNK:
      return EntryType::symbolic_link;
    case AE_IFIFO:
      return EntryType::fifo;
    case AE_IFCHR:
    case AE_IFBLK:
      return EntryType::device;
    default:
      return EntryType::other;
  }
}

std::string text_or_empty(const char* text) { return text ? text : ""; }

TarEntry to_entry(archive_entry* from) {
  TarEntry entry;
  entry.name = text_or_empty(::archive_entry_pathname(from));
  entry.type = type_of(from);
  entry.link = text_or_empty(entry.type == EntryType::hard_link ? ::archive_entry_hardlink(from)
                                                                : ::archive_entry_symlink(from));
  entry.mode = ::archive_entry_perm(from);
  entry.uid = ::archive_entry_uid(from);
  entry.gid = ::archive_entry_gid(from);
  entry.mtime = {.tv_sec = ::archive_entry_mtime(from),
                 .tv_nsec = ::archive_entry_mtime_nsec(from)};
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  ::archive_entry_xattr_reset(from);
  while (::archive_entry_xattr_next(from, &name, &value, &size) == ARCHIVE_OK) {
    entry.xattrs.emplace_back(name, std::string(static_cast<const char*>(value), size));
  }
  return entry;
}

}  // namespace

struct TarReader::State {
  State(int fd, const UnpackBudget& budget_in, Hash hash_in);

  const UnpackBudget budget;
  Archive raw;  ///< first: `tar` reads from it until it is freed
  Archive tar;
  archive_entry* entry = nullptr;  ///< owned by `tar`
  std::string filter = "none";
  std::optional<Sha256> hash;
  bool stream_ended = false;
  std::string refusal;  ///< why the stream was cut; exceptions must not cross libarchive's C frames

  std::uint64_t stream_bytes = 0;  ///< uncompressed, headers included
  std::uint64_t content_bytes = 0;
  std::uint64_t entry_end = 0;  ///< how far the content of this entry has got
  std::uint64_t entries = 0;

  std::span<const char> next_block();
  bool over_budget(std::uint64_t bytes);
  void grow_entry(std::uint64_t end);
  void check(int result);
  static la_ssize_t feed(archive*, void* self, const void** buffer);
};

TarReader::State::State(int fd, const UnpackBudget& budget_in, Hash hash_in)
    : budget(budget_in), raw(open_filters(fd)), tar(new_archive()) {
  archive_entry* whole = nullptr;
  const int result = ::archive_read_next_header(raw.get(), &whole);
  if (result < ARCHIVE_WARN) throw Refused("damaged archive: " + error_of(raw.get()));
  stream_ended = result == ARCHIVE_EOF;
  // The last filter is always "none".
  if (::archive_filter_count(raw.get()) > 2) throw Refused("the archive is compressed twice");
  if (::archive_filter_count(raw.get()) == 2) filter = ::archive_filter_name(raw.get(), 0);
  if (hash_in == Hash::if_compressed && filter != "none") hash.emplace();
  ::archive_read_support_format_tar(tar.get());
  ::archive_read_support_format_empty(tar.get());
  check(::archive_read_open(tar.get(), this, nullptr, &State::feed, nullptr));
}

/// The next part of the uncompressed stream; empty at its end. Sets `refusal` if the stream is bad.
std::span<const char> TarReader::State::next_block() {
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  while (!stream_ended && size == 0) {
    const int result = ::archive_read_data_block(raw.get(), &bytes, &size, &offset);
    if (result < ARCHIVE_WARN) refusal = "damaged archive: " + error_of(raw.get());
    stream_ended = result == ARCHIVE_EOF || !refusal.empty();
  }
  if (stream_ended) return {};
  stream_bytes += size;
  if (over_budget(stream_bytes)) return {};
  const std::span block(static_cast<const char*>(bytes), size);
  if (hash) hash->update(block);
  return block;
}

la_ssize_t TarReader::State::feed(archive*, void* self, const void** buffer) {
  auto& state = *static_cast<State*>(self);
  const auto block = state.next_block();
  *buffer = block.data();
  return state.refusal.empty() ? static_cast<la_ssize_t>(block.size()) : -1;
}

bool TarReader::State::over_budget(std::uint64_t bytes) {
  const auto read = static_cast<std::uint64_t>(::archive_filter_bytes(raw.get(), -1));
  const std::uint64_t limit = budget.limit(read);
  if (bytes <= limit) return false;
  refusal = "the archive unpacks to more than " + std::to_string(limit) + " bytes, its limit";
  stream_ended = true;
  return true;
}

/// Counts content up to `end`: holes take no room, but whoever copies the file pays for them.
void TarReader::State::grow_entry(std::uint64_t end) {
  if (end <= entry_end) return;
  content_bytes += end - entry_end;
  entry_end = end;
  if (over_budget(content_bytes)) throw Refused(refusal);
}

void TarReader::State::check(int result) {
  if (!refusal.empty()) throw Refused(refusal);
  if (result < ARCHIVE_WARN) throw Refused("damaged archive: " + error_of(tar.get()));
}

TarReader::TarReader(int fd, const UnpackBudget& budget, Hash hash)
    : state_(std::make_unique<State>(fd, budget, hash)) {}

TarReader::~TarReader() = default;

std::optional<TarEntry> TarReader::next() {
  // ARCHIVE_WARN comes with every name that is not ASCII: our locale is "C", in which libarchive
  // keeps it as it is.
  const int result = ::archive_read_next_header(state_->tar.get(), &state_->entry);
  state_->check(result == ARCHIVE_RETRY ? ARCHIVE_FATAL : result);
  if (result == ARCHIVE_EOF) return std::nullopt;
  if (++state_->entries > state_->budget.entries) {
    throw Refused("the archive has more than " + std::to_string(state_->budget.entries) +
                  " entries, its limit");
  }
  state_->entry_end = 0;
  return to_entry(state_->entry);
}

std::optional<TarData> TarReader::read() {
  const void* bytes = nullptr;
  std::size_t count = 0;
  la_int64_t offset = 0;
  const int result = ::archive_read_data_block(state_->tar.get(), &bytes, &count, &offset);
  state_->check(result);
  if (result == ARCHIVE_EOF) {
    state_->grow_entry(size());
    return std::nullopt;
  }
  if (offset < 0) throw Refused("damaged archive: content at a negative offset");
  const auto start = static_cast<std::uint64_t>(offset);
  state_->grow_entry(start + count);
  return TarData{.bytes = {static_cast<const char*>(bytes), count}, .offset = start};
}

std::uint64_t TarReader::size() const {
  const la_int64_t size = ::archive_entry_size(state_->entry);
  return size < 0 ? 0 : static_cast<std::uint64_t>(size);
}

void TarReader::drain() {
  while (!state_->next_block().empty()) {
  }
  state_->check(ARCHIVE_OK);
}

const std::string& TarReader::filter() const noexcept { return state_->filter; }

std::optional<Digest> TarReader::digest() {
  if (!state_->hash) return std::nullopt;
  return state_->hash->finish();
}

std::uint64_t TarReader::content_bytes() const noexcept { return state_->content_bytes; }

std::uint64_t TarReader::entries() const noexcept { return state_->entries; }

}  // namespace slipway
