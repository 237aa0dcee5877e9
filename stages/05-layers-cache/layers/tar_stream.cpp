#include "tar_stream.hpp"

#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace slipway {
namespace {

constexpr std::uint64_t kBlock = 512;
constexpr std::size_t kNameRoom = 100;
constexpr int kShortDigits = 7;  ///< of mode, owners, device numbers
constexpr int kLongDigits = 11;  ///< of size and time

std::uint64_t padding_of(std::uint64_t size) { return (kBlock - size % kBlock) % kBlock; }

bool fits(std::uint64_t number, int digits) { return number >> (3 * digits) == 0; }

bool fits(const std::string& text) {
  const auto plain = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  return text.size() <= kNameRoom && std::all_of(text.begin(), text.end(), plain);
}

/// How many bytes follow the first byte of a UTF-8 sequence; -1 if none begins with it.
int followers_of(unsigned char first) {
  if (first < 0x80) return 0;
  if (first >= 0xc2 && first < 0xe0) return 1;
  if (first >= 0xe0 && first < 0xf0) return 2;
  return first >= 0xf0 && first < 0xf5 ? 3 : -1;
}

/// Near enough: what passes here by mistake is written without "hdrcharset", as all other tools do always.
bool is_utf8(const std::string& text) {
  int expected = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool follows = (byte & 0xc0) == 0x80;
    if (follows != (expected > 0)) return false;
    expected = follows ? expected - 1 : followers_of(byte);
    if (expected < 0) return false;
  }
  return expected == 0;
}

/// "LENGTH KEY=VALUE\n", where LENGTH counts its own digits, too.
std::string pax_record(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  std::size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) ++length;
  return std::to_string(length) + rest;
}

/// All that the header has no room for.
std::string pax_records(const TarHeader& header) {
  std::string records;
  const auto add = [&](const char* key, const std::string& value) {
    records += pax_record(key, value);
  };
  const auto add_number = [&](const char* key, std::uint64_t number, int digits) {
    if (!fits(number, digits)) add(key, std::to_string(number));
  };
  // Only for names that no character set explains: then readers take the bytes as they are.
  if (!is_utf8(header.name) || !is_utf8(header.link)) add("hdrcharset", "BINARY");
  if (!fits(header.name)) add("path", header.name);
  if (!fits(header.link)) add("linkpath", header.link);
  add_number("uid", header.uid, kShortDigits);
  add_number("gid", header.gid, kShortDigits);
  add_number("size", header.size, kLongDigits);
  if (header.mtime < 0 || !fits(static_cast<std::uint64_t>(header.mtime), kLongDigits)) {
    add("mtime", std::to_string(header.mtime));
  }
  for (const auto& [name, value] : header.xattrs) add(("SCHILY.xattr." + name).c_str(), value);
  return records;
}

/// One header block.
class Block {
 public:
  void text(std::size_t at, std::string_view value) {
    std::copy_n(value.data(), std::min(value.size(), kNameRoom), bytes_.data() + at);
  }
  /// Octal digits and a NUL; zero if the number does not fit: it stands in the pax header then.
  void number(std::size_t at, int digits, std::uint64_t value) {
    if (!fits(value, digits)) value = 0;
    for (int i = digits; i-- > 0; value >>= 3) {
      bytes_[at + static_cast<std::size_t>(i)] = static_cast<char>('0' + (value & 7));
    }
  }
  void type(char value) { bytes_[156] = value; }
  /// The sum of all bytes, with spaces in place of the sum.
  std::string_view sealed() {
    text(148, "        ");
    unsigned sum = 0;
    for (const char c : bytes_) sum += static_cast<unsigned char>(c);
    number(148, 6, sum);
    bytes_[154] = '\0';
    return {bytes_.data(), bytes_.size()};
  }

 private:
  std::array<char, kBlock> bytes_{};
};

}  // namespace

void TarStream::put(std::string_view bytes) { sink_({bytes.data(), bytes.size()}); }

void TarStream::put_padded(std::string_view bytes) {
  put(bytes);
  put(std::string(padding_of(bytes.size()), '\0'));
}

void TarStream::put_header(const TarHeader& header) {
  Block block;
  block.text(0, header.name);
  block.number(100, kShortDigits, header.mode);
  block.number(108, kShortDigits, header.uid);
  block.number(116, kShortDigits, header.gid);
  block.number(124, kLongDigits, header.size);
  block.number(136, kLongDigits, header.mtime < 0 ? 0 : static_cast<std::uint64_t>(header.mtime));
  block.type(header.type);
  block.text(157, header.link);
  block.text(257, std::string_view("ustar\0"
                                   "00",
                                   8));
  block.number(329, kShortDigits, major(header.device));
  block.number(337, kShortDigits, minor(header.device));
  put(block.sealed());
}

void TarStream::end_entry() {
  if (missing_ > 0) throw std::logic_error("tar: an entry's content is not complete");
  put(std::string(padding_, '\0'));
  padding_ = 0;
}

void TarStream::add(const TarHeader& header) {
  end_entry();
  if (const std::string records = pax_records(header); !records.empty()) {
    put_header({.name = "PaxHeaders.0/entry", .type = 'x', .mode = 0644, .size = records.size()});
    put_padded(records);
  }
  put_header(header);
  missing_ = header.size;
  padding_ = padding_of(header.size);
}

void TarStream::write(std::span<const char> bytes) {
  if (bytes.size() > missing_) throw std::logic_error("tar: more content than the header says");
  sink_(bytes);
  missing_ -= bytes.size();
}

void TarStream::finish() {
  end_entry();
  put(std::string(2 * kBlock, '\0'));
}

}  // namespace slipway
